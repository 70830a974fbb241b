import { tracingChannel } from 'node:diagnostics_channel';
import { CtrdError, invalidArgument, toCtrdError } from '../errors/index.js';
import { abortError, type MergedSignal, mergeSignals } from './cancellation.js';
import { leavable } from './leavable.js';
import type { Middleware, OperationCall } from './middleware.js';
import type { Operation, SplitCall } from './operation.js';

/** What the operations of a client have in common. */
export interface OperationHost {
  /** Ends when the client closes. */
  readonly closing: AbortSignal;
  /** Whether calls are still taken. */
  readonly open: () => boolean;
  /** Middleware of an operation, the outermost first. */
  readonly middlewareOf: (name: string) => readonly Middleware[];
  /** Counts a call as running until the result is disposed. */
  readonly enter: () => Disposable;
}

/** Tracers subscribe to `tracing:ctrd:operation:*`; without one it costs nothing. */
const tracing = tracingChannel<{ call: OperationCall }>('ctrd:operation');

/** The method that a client shows for an operation. */
export function methodOf(
  name: string,
  operation: Operation,
  host: OperationHost,
): (...args: unknown[]) => unknown {
  return operation.kind === 'sequence'
    ? (...args) => iterate(name, operation, args, host)
    : (...args) => run(name, operation, args, host);
}

async function run(
  name: string,
  operation: Operation,
  args: readonly unknown[],
  host: OperationHost,
): Promise<unknown> {
  const { subject, options } = checkedSplit(name, operation, args, host);
  using _running = host.enter();
  using merged = merge(name, subject, options, [host.closing]);
  const { signal } = merged;
  const call: OperationCall = { name, subject, args, signal, attributes: new Map() };
  const last: Middleware = async ({ args: final }) => {
    if (signal.aborted) throw abortError(signal);
    const split =
      final === args ? { subject, options } : checkedSplit(name, operation, final, host);
    return await operation.run(split.subject, { ...split.options, signal });
  };
  const chain = compose([...host.middlewareOf(name), last]);
  try {
    if (!tracing.hasSubscribers) return await chain(call);
    return await tracing.tracePromise(() => chain(call), { call });
  } catch (error) {
    throw placed(error, name, subject, signal);
  }
}

function iterate(
  name: string,
  operation: Operation,
  args: readonly unknown[],
  host: OperationHost,
): AsyncIterable<unknown> {
  return leavable(async function* (left) {
    const { subject, options } = checkedSplit(name, operation, args, host);
    using _running = host.enter();
    using merged = merge(name, subject, options, [host.closing, left]);
    const { signal } = merged;
    try {
      yield* operation.run(subject, { ...options, signal }) as AsyncIterable<unknown>;
    } catch (error) {
      throw placed(error, name, subject, signal);
    }
  });
}

/** Leads a call through middleware; each may go on once. */
function compose(chain: readonly Middleware[]): (call: OperationCall) => Promise<unknown> {
  const at = (index: number, call: OperationCall): Promise<unknown> => {
    const step = chain[index];
    if (step === undefined) return Promise.reject(new Error('the last step goes on to nowhere'));
    let used = false;
    return step(call, (args = call.args) => {
      if (used) {
        return Promise.reject(
          new CtrdError('a middleware may call next() once', {
            code: 'failed-precondition',
            reason: 'next-twice',
          }),
        );
      }
      used = true;
      return at(index + 1, { ...call, args });
    });
  };
  return (call) => at(0, call);
}

function checkedSplit(
  name: string,
  operation: Operation,
  args: readonly unknown[],
  host: OperationHost,
): SplitCall {
  if (!host.open()) {
    throw new CtrdError('the client is closed', {
      code: 'failed-precondition',
      reason: 'closed',
      operation: name,
    });
  }
  const options = operation.hasSubject ? args[1] : args[0];
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw invalidArgument('options', 'be an object', options).within({ operation: name });
  }
  const split = operation.split(args);
  if (typeof split.subject !== 'string') {
    throw invalidArgument('subject', 'be a string', split.subject).within({ operation: name });
  }
  return split;
}

function merge(
  name: string,
  subject: string,
  options: SplitCall['options'],
  endings: readonly AbortSignal[],
): MergedSignal {
  try {
    return mergeSignals(options, ...endings);
  } catch (error) {
    throw toCtrdError(error).within({ operation: name, subject: subject || undefined });
  }
}

/** A failure, told with its operation and subject; an abort that surfaced as something else is one. */
function placed(
  error: unknown,
  operation: string,
  subject: string,
  signal: AbortSignal,
): CtrdError {
  const raw = error instanceof Error && error === signal.reason ? abortError(signal) : error;
  return toCtrdError(raw).within({ operation, subject: subject || undefined });
}
