import type { ErrorCode } from './code.js';

/** What a {@link CtrdError} says besides its message. Everything but the code is optional. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  /** The API method that failed, such as `createContainer`. */
  readonly operation?: string | undefined;
  /** What it was done to: a container's id, an image's reference. */
  readonly subject?: string | undefined;
  /**
   * The input at fault, as a path: `resources.memory`. With `invalid-argument`, and with
   * `unimplemented` for an option that the daemon does not know.
   */
  readonly field?: string | undefined;
  /** A finer word under the code, such as `refused` under `unavailable`. */
  readonly reason?: string | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for('ctrd.error');

/**
 * The one error of every package. Decide on {@link CtrdError.code}; `reason` refines it.
 *
 * `instanceof` holds across copies of the package, which two versions in one program have.
 */
export class CtrdError extends Error {
  override readonly name = 'CtrdError';
  readonly code: ErrorCode;
  readonly operation: string | undefined;
  readonly subject: string | undefined;
  readonly field: string | undefined;
  readonly reason: string | undefined;
  /** The message without the operation and the subject before it. */
  readonly rawMessage: string;

  constructor(message: string, facts: ErrorFacts) {
    super(prefix(facts) + message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.rawMessage = message;
    this.code = facts.code;
    this.operation = facts.operation;
    this.subject = facts.subject;
    this.field = facts.field;
    this.reason = facts.reason;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /** The same failure, seen from an operation on a subject. What is known already stays. */
  within(context: { operation?: string | undefined; subject?: string | undefined }): CtrdError {
    if (this.operation !== undefined && this.subject !== undefined) return this;
    const error = new CtrdError(this.rawMessage, {
      code: this.code,
      operation: this.operation ?? context.operation,
      subject: this.subject ?? context.subject,
      field: this.field,
      reason: this.reason,
      cause: this.cause,
    });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }

  /** For logs: the facts without the stack. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, operation, subject, field, reason } = this;
    return { name, message, code, operation, subject, field, reason };
  }
}

function prefix({ operation, subject }: ErrorFacts): string {
  if (operation === undefined) return subject === undefined ? '' : `${subject}: `;
  return subject === undefined ? `${operation}: ` : `${operation} ${subject}: `;
}
