import { Task as TaskV2 } from '@ctrd/api/task/v2';
import { Task as TaskV3 } from '@ctrd/api/task/v3';
import { hasCode, mergeSignals, throwIfAborted } from '@ctrd/core';
import { type ExitMessage, exitedMessage, type ProcessKey } from '../exits/exit-message.js';
import { shimAddresses } from './shim-address.js';
import { connectTtrpc, type TtrpcConnection } from './ttrpc.js';

/** The shims of a daemon, asked without it: they outlive it, and sometimes it forgets them. */
export interface Shims {
  /**
   * Resolves with the end of a process, or with `undefined` as soon as its shim cannot say it any
   * more: it is gone, or has never had the process. Rejects when the signal ends.
   */
  wait(key: ProcessKey, options: Running): Promise<ExitMessage | undefined>;
  /**
   * Ends a shim, with its container if that still is there. Only of a task that the daemon does not
   * know: one that dies while it makes a task, or is interrupted while it deletes one, leaves the
   * shim and its folder for ever. The daemon notices the end of the shim, and removes the folder.
   */
  end(containerId: string, options: Running): Promise<void>;
}

interface Running {
  readonly signal: AbortSignal;
}

/** The shims of a daemon on this machine. `address` answers the path of the daemon's socket. */
export function createShims(namespace: string, address: () => string): Shims {
  /** Asks the shim; `undefined` when nobody listens or it cannot answer. */
  async function ask<T>(
    key: ProcessKey,
    signal: AbortSignal,
    question: (shim: TtrpcConnection) => Promise<T>,
  ): Promise<T | undefined> {
    for await (const path of shimAddresses(address(), namespace, key)) {
      try {
        using shim = await connectTtrpc(path, { namespace, signal });
        return await question(shim);
      } catch (error) {
        throwIfAborted(signal);
        // Nobody listens there; elsewhere somebody may.
        if (hasCode(error, 'unavailable') && error.reason !== 'dropped') continue;
        return undefined;
      }
    }
    return undefined;
  }

  return {
    async wait(key, { signal }) {
      const request = { id: key.containerId, execId: key.execId };
      return await ask(key, signal, async (shim) => {
        const { exitStatus, exitedAt } = await either(
          () => shim.call(TaskV3.method.wait, request, { signal }),
          () => shim.call(TaskV2.method.wait, request, { signal }),
        );
        return exitedMessage(key, exitStatus, exitedAt);
      });
    },
    async end(id, { signal: callers }) {
      // One that was killed in its start listens for ever, and never answers.
      using limited = mergeSignals({ timeoutMs: endTimeoutMs }, callers);
      const { signal } = limited;
      const ended = ask({ containerId: id, execId: '' }, signal, async (shim) => {
        const kill = { id, signal: 9, all: true };
        await unlessRefused(
          either(
            () => shim.call(TaskV3.method.kill, kill, { signal }),
            () => shim.call(TaskV2.method.kill, kill, { signal }),
          ),
        );
        await unlessRefused(
          either(
            () => shim.call(TaskV3.method.wait, { id }, { signal }),
            () => shim.call(TaskV2.method.wait, { id }, { signal }),
          ),
        );
        await unlessRefused(
          either(
            () => shim.call(TaskV3.method.delete, { id }, { signal }),
            () => shim.call(TaskV2.method.delete, { id }, { signal }),
          ),
        );
        await either(
          () => shim.call(TaskV3.method.shutdown, { id }, { signal }),
          () => shim.call(TaskV2.method.shutdown, { id }, { signal }),
        );
      });
      await ended.catch(() => throwIfAborted(callers));
    },
  };
}

/** A container that is killed ends within milliseconds, and its shim after it. */
const endTimeoutMs = 5_000;

/** The task API of containerd 2, or else that of 1.6 and 1.7: a shim has one of them. */
async function either<A, B>(v3: () => Promise<A>, v2: () => Promise<B>): Promise<A | B> {
  try {
    return await v3();
  } catch (error) {
    if (!hasCode(error, 'unimplemented')) throw error;
    return await v2();
  }
}

/** What is ended or deleted already is refused, and no reason to stop. */
async function unlessRefused(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (hasCode(error, 'unavailable', 'aborted', 'timeout')) throw error;
  });
}
