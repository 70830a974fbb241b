import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Task as TaskV2 } from '@ctrd/api/task/v2';
import { Task as TaskV3 } from '@ctrd/api/task/v3';
import { hasCode, mergeSignals, throwIfAborted } from '@ctrd/core';
import { type ShimProcess, shimProcesses } from '../care/processes.js';
import { type ExitMessage, exitedMessage, type ProcessKey } from '../exits/exit-message.js';
import { shimAddresses } from './shim-address.js';
import { connectTtrpc, type TtrpcConnection } from './ttrpc.js';

/** The shims of a daemon, asked without it: they outlive it, and sometimes it forgets them. */
export interface Shims {
  /**
   * Resolves with the end of a process, or with `undefined` as soon as its shim cannot say it any
   * more: it is gone, or has never had the process. Rejects when the signal ends, and with what else
   * the shim answers or fails to.
   */
  wait(key: ProcessKey, options: Running): Promise<ExitMessage | undefined>;
  /**
   * Tells a shim to end, with its container if that still is there, and answers whether it is gone:
   * one may be unable to, and one that serves other containers goes on. Only of a task that the daemon
   * does not know.
   */
  end(containerId: string, options: Running): Promise<boolean>;
  /** The processes of all shims of the daemon's namespace. */
  processes(): AsyncIterable<ShimProcess>;
}

interface Running {
  readonly signal: AbortSignal;
}

/** The shims of a daemon on this machine. `address` answers the path of the daemon's socket. */
export function createShims(namespace: string, address: () => string): Shims {
  /** Asks the shim; `undefined` when nobody listens, it goes away, or does not know the process. */
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
        if (hasCode(error, 'unavailable', 'not-found')) return undefined;
        throw error;
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
      let listens = false;
      // One that was killed in its start listens for ever, and never answers.
      using limited = mergeSignals({ timeoutMs: endTimeoutMs }, callers);
      const { signal } = limited;
      const ended = ask({ containerId: id, execId: '' }, signal, async (shim) => {
        listens = true;
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
        ).catch(unlessDropped);
        listens = await Promise.race([
          shim.closed.then(() => false),
          sleep(shutdownMs, true, { ref: false }),
        ]);
      });
      await ended.catch(() => throwIfAborted(callers));
      return !listens;
    },
    async *processes() {
      const daemon = new Set([address(), await realpath(address()).catch(() => address())]);
      for await (const shim of shimProcesses()) {
        if (daemon.has(shim.address) && shim.namespace === namespace) yield shim;
      }
    },
  };
}

/** A container that is killed ends within milliseconds, and its shim after it. */
const endTimeoutMs = 5_000;

/** A shim that has been told to end is gone within some 10 ms. */
const shutdownMs = 500;

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

/** A shim that ends may be faster than its answer. */
function unlessDropped(error: unknown): undefined {
  if (!hasCode(error, 'unavailable')) throw error;
}
