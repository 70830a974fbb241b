import { Tasks } from '@ctrd/api/services/tasks/v1';
import {
  abortError,
  hasCode,
  type Moment,
  mergeSignals,
  orAborted,
  toCtrdError,
  withDeadline,
} from '@ctrd/core';
import { delivering } from '../exits/delivering.js';
import { createExitLatch, type ExitLatch } from '../exits/exit-latch.js';
import type { ExitMessage, ProcessKey } from '../exits/exit-message.js';
import { fifoFolderOf } from '../io/fifo.js';
import type { ProcessIo } from '../io/process-io.js';
import type { ContainerParts } from './parts.js';

/**
 * A process of this client, from before its start until its exit has been delivered. The order is:
 * the output is taken in, handlers are told, it is cleaned up, waiters are told.
 */
export interface LiveProcess {
  readonly key: ProcessKey;
  readonly io: ProcessIo;
  readonly exit: ExitLatch;
  /** Whether handlers are told of its exit; a container that is being destroyed has none. */
  quiet: boolean;
  /** Whether it has been removed already: its id may belong to another by now. */
  removed: boolean;
  /** Its start is known to have happened: an end that was held back is told from here on. */
  begun(): void;
  /** Delivers the end of a process that never began: nothing else will tell of it. */
  neverBegan(exit: ExitMessage): void;
  /** Ends the watch and lets go of the streams; the process goes on. */
  abandon(): void;
}

/** How long nothing may come of the rest of the output, when something still holds a pipe. */
const drainIdleMs = 2_000;

const cleanUpTimeoutMs = 60_000;

/**
 * Begins to watch a process. `complete` adds what else is known of its exit, `cleanUp` runs once, after
 * the handlers.
 */
export function watchProcess(
  parts: ContainerParts,
  key: ProcessKey,
  io: ProcessIo,
  steps: {
    readonly moment: Moment<ExitMessage>;
    /** See {@link LiveProcess.quiet}. Default: false. */
    readonly quiet?: boolean | undefined;
    /**
     * Whether nothing is told or cleaned up before {@link LiveProcess.begun}. A start that is cut off
     * fails, and what its half-made process comes to is no exit; and what has ended already must be
     * found by whoever asks whether it was started. Default: false.
     */
    readonly held?: boolean | undefined;
    readonly complete: (exit: ExitMessage, signal: AbortSignal) => Promise<ExitMessage>;
    readonly cleanUp: (exit: ExitMessage, signal: AbortSignal) => Promise<void>;
  },
): LiveProcess {
  const exit = createExitLatch();
  const stopped = new AbortController();
  const watching = new AbortController();
  let failedStart: ExitMessage | undefined;
  let begun = () => {};
  const began = new Promise<void>((resolve) => {
    begun = resolve;
  });
  if (steps.held !== true) begun();
  const process: LiveProcess = {
    ...{ key, io, exit, quiet: steps.quiet ?? false, removed: false, begun },
    neverBegan(message) {
      failedStart = message;
      watching.abort();
      begun();
    },
    abandon() {
      stopped.abort();
      io.detach();
    },
  };

  async function deliver(): Promise<void> {
    using merged = mergeSignals({ signal: stopped.signal }, parts.closing);
    const { signal } = merged;
    const message = Object.freeze(await seen(signal));
    await orAborted(signal, began);
    if (!process.quiet) {
      await delivering(message, process, () => parts.hooks.tell(steps.moment, message, { signal }));
    }
    // A closed client leaves what it has not finished to the one that recovers the container.
    if (signal.aborted) throw abortError(signal);
    await attempt(() => io.remove());
    if (!process.removed) {
      await attempt(async () => {
        // The record of a container says that its exit has been told; of what was started in it,
        // only the journal knows, and it must not be told again once the daemon has forgotten it.
        if (key.execId !== '') await parts.journal.forget(key);
        await withDeadline(cleanUpTimeoutMs, (limit) => steps.cleanUp(message, limit));
        if (key.execId === '') await parts.journal.forget(key);
      });
    }
    exit.settle(message);
  }

  /** How it ended, with its output taken in. */
  async function seen(signal: AbortSignal): Promise<ExitMessage> {
    using merged = mergeSignals({ signal: watching.signal }, signal);
    try {
      const message = await parts.exits.watch(key, { signal: merged.signal });
      const completed = await completedExit(message, signal);
      await io.drain(drainIdleMs);
      return completed;
    } catch (error) {
      // There is no output: nobody has opened the other ends of the pipes.
      if (failedStart !== undefined && !signal.aborted) return failedStart;
      throw error;
    }
  }

  /** The exit is true whatever else can be learnt of it. */
  async function completedExit(message: ExitMessage, signal: AbortSignal): Promise<ExitMessage> {
    try {
      return await steps.complete(message, signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      parts.report({ source: `exit of ${key.containerId}`, error: toCtrdError(error) });
      return message;
    }
  }

  /** The exit is true whatever the clean-up does; what is left is found again by its labels. */
  async function attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      // The end of this client cut it off: whoever recovers the container goes on with it.
      if (parts.closing.aborted) return;
      parts.report({ source: `clean-up of ${key.containerId}`, error: toCtrdError(error) });
    }
  }

  deliver().catch((error: unknown) => {
    // Nobody watches any more, as after the client's end: nobody else would let go of the pipes.
    io.detach();
    exit.fail(toCtrdError(error));
  });
  return process;
}

/** What ends a process's input. Its failure is reported: the writer has done its part. */
export function closeInput(parts: ContainerParts, key: ProcessKey): () => Promise<void> {
  return async () => {
    try {
      // A daemon that restarts just now is waited for.
      await withDeadline(cleanUpTimeoutMs, (signal) =>
        parts.patient.client(Tasks).closeIO({ ...key, stdin: true }, { signal }),
      );
    } catch (error) {
      // A process that has ended needs no end of input, nor one whose client is gone.
      if (hasCode(error, 'not-found', 'failed-precondition', 'aborted')) return;
      parts.report({ source: `end of input of ${key.containerId}`, error: toCtrdError(error) });
    }
  };
}

/**
 * Notes a process in the journal, before it is started: whoever comes after this client knows from
 * there that its exit has not been told. What cannot be noted is no reason not to start it.
 */
export async function beginJournal(
  { journal, report, runtimeDir }: ContainerParts,
  key: ProcessKey,
  { paths: { stdin, stdout, stderr } }: ProcessIo,
): Promise<void> {
  try {
    await journal.begin(key, fifoFolderOf(runtimeDir, [stdin, stdout, stderr]));
  } catch (error) {
    report({ source: `exit journal of ${key.containerId}`, error: toCtrdError(error) });
  }
}
