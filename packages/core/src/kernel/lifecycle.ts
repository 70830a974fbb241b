import type { Scope } from '../di/scope.js';
import {
  CtrdError,
  checkMilliseconds,
  type CtrdError as Failure,
  toCtrdError,
} from '../errors/index.js';
import { mergeSignals, throwIfAborted } from './cancellation.js';
import type { CallControl } from './operation.js';
import type { PluginDefinition, PluginParts } from './plugin.js';
import type { Report } from './report.js';

/** The life of one client: start in order, stop in reverse, close in two phases. */
export interface Lifecycle {
  /** Starts the plugins. When one fails, those that had started are stopped, and all is given back. */
  start(control: CallControl): Promise<void>;
  /** Whether calls are taken. */
  open(): boolean;
  /** Counts a call as running until the result is disposed. */
  enter(): Disposable;
  close(options?: Pick<CallControl, 'timeoutMs'>): Promise<void>;
}

interface Member {
  readonly definition: PluginDefinition;
  readonly parts: PluginParts;
}

export function createLifecycle({
  members,
  scope,
  closing,
  report,
}: {
  members: readonly Member[];
  scope: Scope;
  closing: AbortController;
  report: Report;
}): Lifecycle {
  const started: Member[] = [];
  const running = new Set<object>();
  let whenIdle: (() => void) | undefined;
  let accepting = true;
  let closed: Promise<void> | undefined;

  async function stopAll(failures: Failure[]): Promise<void> {
    for (const { definition, parts } of started.splice(0).reverse()) {
      try {
        await parts.stop?.();
      } catch (error) {
        failures.push(toCtrdError(error).within({ operation: 'stop', subject: definition.name }));
      }
    }
  }

  async function giveBack(failures: Failure[]): Promise<void> {
    try {
      await scope[Symbol.asyncDispose]();
    } catch (error) {
      failures.push(toCtrdError(error));
    }
  }

  /** Resolves when no call runs any more, or after the time. */
  async function idle(timeoutMs: number): Promise<void> {
    if (running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      whenIdle = resolve;
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }

  async function close(timeoutMs: number): Promise<void> {
    const failures: Failure[] = [];
    // First the plugins, for which calls still work; what they stop may let running calls end.
    await stopAll(failures);
    accepting = false;
    if (timeoutMs > 0) await idle(timeoutMs);
    closing.abort(isClosing());
    // Aborted calls undo what they did, which takes a moment and still needs the connection.
    await idle(undoTimeoutMs);
    await giveBack(failures);
    if (failures.length > 0) throw failureOf(failures, 'the client could not be closed cleanly');
  }

  return {
    async start(control) {
      using merged = mergeSignals(control, closing.signal);
      try {
        for (const member of members) {
          throwIfAborted(merged.signal);
          await member.parts.start?.({ signal: merged.signal });
          started.push(member);
        }
        // A plugin may close the client while a later one starts.
        if (closed !== undefined) throw isClosing();
      } catch (error) {
        const failures: Failure[] = [];
        await stopAll(failures);
        accepting = false;
        // What a plugin has begun in its setup ends with this, as at a close.
        closing.abort(toCtrdError(error));
        await giveBack(failures);
        for (const failure of failures) report({ source: 'connect', error: failure });
        throw toCtrdError(error).within({ operation: 'connect', subject: undefined });
      }
    },
    open: () => accepting,
    enter() {
      const call = {};
      running.add(call);
      return {
        [Symbol.dispose]() {
          running.delete(call);
          if (running.size === 0) whenIdle?.();
        },
      };
    },
    async close({ timeoutMs = 0 } = {}) {
      checkMilliseconds('timeoutMs', timeoutMs);
      await (closed ??= close(timeoutMs));
    },
  };
}

/** How long aborted calls may take to undo what they did. */
const undoTimeoutMs = 30_000;

function isClosing(): Failure {
  return new CtrdError('the client is closing', { code: 'aborted', reason: 'closed' });
}

function failureOf(failures: readonly Failure[], message: string): Failure {
  const [only, ...more] = failures;
  if (only !== undefined && more.length === 0) return only;
  return new CtrdError(message, {
    code: 'internal',
    operation: 'close',
    cause: new AggregateError(failures, message),
  });
}
