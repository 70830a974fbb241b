import type { CtrdError } from '../errors/index.js';

declare const carries: unique symbol;

/** A moment of the life of things that a host may watch: handlers are told of a value. */
export interface Moment<out T = unknown> {
  readonly kind: 'notice';
  readonly name: string;
  readonly [carries]?: T;
}

/** A moment at which handlers may change a value before it is used. */
export interface ChangeMoment<in out T = never> {
  readonly kind: 'change';
  readonly name: string;
  readonly [carries]?: (value: T) => T;
}

/** Makes the key of a moment. */
export function moment<T>(name: string): Moment<T> {
  return { kind: 'notice', name };
}

/** Makes the key of a moment at which a value may be changed. */
export function changeMoment<T>(name: string): ChangeMoment<T> {
  return { kind: 'change', name };
}

/** What a handler gets besides the value. */
export interface HandlerContext {
  /** Ends with the operation that waits for the handler, with the client, and with the attempt's time. */
  readonly signal: AbortSignal;
}

/** Is awaited; its failure is reported and stops no other handler. */
export type Handler<T> = (value: T, context: HandlerContext) => void | Promise<void>;

/** Is awaited and answers the value to go on with; its failure fails the operation. */
export type ChangeHandler<T> = (value: T, context: HandlerContext) => T | Promise<T>;

/** How often and how long a handler of a {@link Moment} is tried. */
export interface HandlerPolicy {
  /** Attempts in all, with a growing pause between them. Default: 1. */
  readonly attempts?: number | undefined;
  /** Milliseconds for one attempt, after which it counts as failed. Default: none. */
  readonly timeoutMs?: number | undefined;
}

/** The handlers of a client, as a plugin sees them. */
export interface Hooks {
  /** Adds a handler, last. Disposing the result takes it away. */
  on<T>(moment: Moment<T>, handler: Handler<T>, policy?: HandlerPolicy): Disposable;
  /** Adds a handler that changes the value, last. Disposing the result takes it away. */
  onChange<T>(moment: ChangeMoment<T>, handler: ChangeHandler<T>): Disposable;
  /**
   * Tells every handler of a moment, in order. Never rejects: failures are reported and answered.
   */
  tell<T>(moment: Moment<T>, value: T, context: HandlerContext): Promise<readonly CtrdError[]>;
  /** Leads a value through the handlers of a moment, in order. Rejects with the first failure. */
  change<T>(moment: ChangeMoment<T>, value: T, context: HandlerContext): Promise<T>;
}
