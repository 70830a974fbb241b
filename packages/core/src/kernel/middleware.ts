/** One call of an API method, as middleware sees it. */
export interface OperationCall {
  /** The method's name: `pullImage`. */
  readonly name: string;
  /** The id or reference it is about; empty when it is about none. */
  readonly subject: string;
  /** The arguments as the caller gave them, with the options last. */
  readonly args: readonly unknown[];
  /** The caller's signal, its time limit and the client's closing, merged. */
  readonly signal: AbortSignal;
  /** For middleware to pass things along, such as a trace; empty at first. */
  readonly attributes: Map<string | symbol, unknown>;
}

/**
 * Wraps an operation. `next()` goes on with the arguments as they are, `next(args)` with others.
 * It is called once at most. The first added is outermost.
 */
export type Middleware = (
  call: OperationCall,
  next: (args?: readonly unknown[]) => Promise<unknown>,
) => Promise<unknown>;

/** Middleware of one method, typed by it. */
export type MiddlewareOf<Method> = Method extends (...args: infer A) => Promise<infer R>
  ? (
      call: Omit<OperationCall, 'args'> & { readonly args: A },
      next: (args?: A) => Promise<R>,
    ) => Promise<R>
  : never;
