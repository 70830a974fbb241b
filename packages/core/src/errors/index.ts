export type { ErrorCode } from './code.js';
export { CtrdError, type ErrorFacts } from './ctrd-error.js';
export { hasCode, invalidArgument, toCtrdError } from './make.js';
