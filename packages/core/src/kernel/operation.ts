/** What every API method takes as part of its options. */
export interface CallControl {
  /** Ends the call early: it fails with `aborted`, having undone what it did. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with `timeout`. 0 means now, 2 147 483 647 is the most. Default: none. */
  readonly timeoutMs?: number | undefined;
}

/** Options as an implementation sees them: abort, time limit and closing merged into one signal. */
export type Running<O> = Omit<O, 'signal' | 'timeoutMs'> & { readonly signal: AbortSignal };

/** The rest of the arguments: the options, which may be left out when all of them are optional. */
export type OptionsArgument<O> = Record<never, never> extends O ? [options?: O] : [options: O];

/** An implementation with what the kernel must know to wrap it. */
export interface Operation<Method = unknown> {
  readonly kind: 'operation' | 'sequence';
  /** Whether the first argument is an id or reference, and the options the second. */
  readonly hasSubject: boolean;
  /** Splits a call's arguments into subject and options. */
  readonly split: (args: readonly unknown[]) => SplitCall;
  readonly run: (subject: string, options: Running<CallControl>) => unknown;
  /** Only for the type: the method as the API shows it. */
  readonly method?: Method;
}

export interface SplitCall {
  /** The id or reference the call is about; empty when it is about none. */
  readonly subject: string;
  readonly options: CallControl;
}

type OnSubject<O, R> = (subject: string, ...rest: OptionsArgument<O>) => Promise<R>;
type OnOptions<O, R> = (...args: OptionsArgument<O>) => Promise<R>;
type Sequence<O, T> = (...args: OptionsArgument<O>) => AsyncIterable<T>;
type SequenceOnSubject<O, T> = (subject: string, ...rest: OptionsArgument<O>) => AsyncIterable<T>;

/** A method `(subject, options?) => Promise`: on a container's id, an image's reference. */
export function onSubject<O extends CallControl, R>(
  run: (subject: string, options: Running<O>) => Promise<R>,
): Operation<OnSubject<O, R>> {
  return {
    kind: 'operation',
    hasSubject: true,
    split: ([subject, options]) => ({ subject: subject as string, options: given(options) }),
    run: run as Operation['run'],
  };
}

/** A method `(options?) => Promise`; `subjectOf` says what it is about, for errors and middleware. */
export function onOptions<O extends CallControl, R>(
  run: (options: Running<O>) => Promise<R>,
  subjectOf: (options: O) => string | undefined = () => undefined,
): Operation<OnOptions<O, R>> {
  return {
    kind: 'operation',
    hasSubject: false,
    split: ([options]) => ({
      subject: subjectOf(given(options) as O) ?? '',
      options: given(options),
    }),
    run: (_subject, options) => run(options as Running<O>),
  };
}

/** A method `(options?) => AsyncIterable`: lists and watches. Nothing runs before it is iterated. */
export function sequence<O extends CallControl, T>(
  run: (options: Running<O>) => AsyncIterable<T>,
): Operation<Sequence<O, T>> {
  return {
    kind: 'sequence',
    hasSubject: false,
    split: ([options]) => ({ subject: '', options: given(options) }),
    run: (_subject, options) => run(options as Running<O>),
  };
}

/** A method `(subject, options?) => AsyncIterable`: what comes of one thing, such as its log. */
export function sequenceOnSubject<O extends CallControl, T>(
  run: (subject: string, options: Running<O>) => AsyncIterable<T>,
): Operation<SequenceOnSubject<O, T>> {
  return {
    kind: 'sequence',
    hasSubject: true,
    split: ([subject, options]) => ({ subject: subject as string, options: given(options) }),
    run: run as Operation['run'],
  };
}

/** The methods that a set of operations adds to a client. */
export type MethodsOf<Operations> = {
  readonly [K in keyof Operations]: Operations[K] extends Operation<infer Method> ? Method : never;
};

/** The operations that make an API: annotated with it, their methods are what the interface says. */
export type OperationsOf<Api> = { readonly [K in keyof Api]: Operation<Api[K]> };

function given(options: unknown): CallControl {
  return (options ?? {}) as CallControl;
}
