import { type Token, token } from '../di/token.js';
import type { CtrdError } from '../errors/index.js';

/** A failure outside of any call: of a hook's handler, of a clean-up, of a watch. */
export interface Failure {
  /** Who it happened to: a plugin's or a handler's name. */
  readonly source: string;
  readonly error: CtrdError;
}

/**
 * Takes failures that no caller is waiting for. The default makes them process warnings
 * (`process.emitWarning`); a host binds its logger here.
 */
export type Report = (failure: Failure) => void;

export const Report: Token<Report, 'Report'> = token('Report');

export function defaultReport({ source, error }: Failure): void {
  process.emitWarning(`${source}: ${error.message}`, { type: 'CtrdWarning', code: error.code });
}
