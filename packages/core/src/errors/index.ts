export type { ErrorCode } from './code.js';
export { CtrdError, type ErrorFacts } from './ctrd-error.js';
export { checkMilliseconds, hasCode, invalidArgument, toCtrdError } from './make.js';
