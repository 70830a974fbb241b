import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError, invalidArgument, toCtrdError } from '../errors/index.js';
import { mergeSignals, orAborted, throwIfAborted } from './cancellation.js';
import type {
  ChangeHandler,
  ChangeMoment,
  Handler,
  HandlerContext,
  HandlerPolicy,
  Hooks,
  Moment,
} from './moment.js';
import type { Report } from './report.js';

interface Entry {
  /** Who added it. */
  readonly by: string;
  readonly handler: (value: never, context: HandlerContext) => unknown;
  readonly policy: HandlerPolicy;
}

/** The handlers of one client, by moment. */
export interface HookRegistry {
  /** The hooks as one of those who add handlers has them. */
  of(by: string): Hooks;
  /** Who added the handlers of each moment, in their order, for `describe()`. */
  owners(): Readonly<Record<string, readonly string[]>>;
}

export function createHooks(report: Report): HookRegistry {
  const entries = new Map<string, Entry[]>();

  function add(name: string, entry: Entry): Disposable {
    if (typeof entry.handler !== 'function') {
      throw invalidArgument(`handler of ${name}`, 'be a function', entry.handler);
    }
    // A new list each time: a tell() that is under way goes on with the one it began with.
    entries.set(name, [...(entries.get(name) ?? []), entry]);
    return {
      [Symbol.dispose]() {
        entries.set(
          name,
          (entries.get(name) ?? []).filter((other) => other !== entry),
        );
      },
    };
  }

  const telling: Pick<Hooks, 'tell' | 'change'> = {
    async tell(moment, value, context) {
      const failures: CtrdError[] = [];
      for (const { handler, policy } of entries.get(moment.name) ?? []) {
        try {
          await attempt((own) => handler(value as never, own), policy, context);
        } catch (error) {
          const failure = toCtrdError(error);
          failures.push(failure);
          report({ source: `handler of ${moment.name}`, error: failure });
        }
      }
      return failures;
    },
    async change(moment, value, context) {
      let current = value;
      for (const { handler } of entries.get(moment.name) ?? []) {
        const next = await handler(current as never, context);
        if (next === undefined) {
          throw new CtrdError(`a handler of ${moment.name} must answer the value to go on with`, {
            code: 'failed-precondition',
            reason: 'handler-answer',
          });
        }
        current = next as typeof value;
      }
      return current;
    },
  };

  return {
    of: (by) => ({
      on: <T>(moment: Moment<T>, handler: Handler<T>, policy: HandlerPolicy = {}) =>
        add(moment.name, { by, handler, policy }),
      onChange: <T>(moment: ChangeMoment<T>, handler: ChangeHandler<T>) =>
        add(moment.name, { by, handler, policy: {} }),
      ...telling,
    }),
    owners: () =>
      Object.fromEntries([...entries].map(([name, list]) => [name, list.map(({ by }) => by)])),
  };
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;

async function attempt(
  run: (context: HandlerContext) => unknown,
  { attempts = 1, timeoutMs }: HandlerPolicy,
  { signal }: HandlerContext,
): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      using limit = mergeSignals({ timeoutMs });
      using merged = mergeSignals({ signal }, limit.signal);
      // What aborts all handlers is theirs to follow; only one whose own time is up is left behind.
      await orAborted(limit.signal, Promise.resolve(run({ signal: merged.signal })));
      return;
    } catch (error) {
      if (count >= attempts) throw error;
      const pause = Math.min(firstPauseMs * 2 ** (count - 1), longestPauseMs);
      await sleep(pause, undefined, { signal }).catch(() => throwIfAborted(signal));
    }
  }
}
