import { setTimeout as sleep } from 'node:timers/promises';
import { type Report, toCtrdError } from '@ctrd/core';
import type { Shims } from '../shim/shims.js';
import type { ExitJournal } from './exit-journal.js';
import type { ExitMessage, ProcessKey } from './exit-message.js';
import type { StandIn } from './exit-source.js';

/** A Wait at a process's shim, for the time when the daemon cannot be asked. */
export interface ShimHold extends StandIn {
  /** Resolves when the shim has told of an exit, and that is in the journal; never otherwise. */
  readonly exit: Promise<ExitMessage>;
  /** What the shim says, for the daemon knows nothing: `undefined` when it has nothing to say. */
  lastWord(): Promise<ExitMessage | undefined>;
}

/** For a shim that the daemon has just ended: its answer is on the way, or never comes. */
const lastWordMs = 1_000;

/** Holds nothing yet. Everything ends with the signal. */
export function createShimHold(
  key: ProcessKey,
  {
    shims,
    journal,
    report,
    signal,
  }: {
    readonly shims: Pick<Shims, 'wait'>;
    readonly journal: ExitJournal;
    readonly report: Report;
    readonly signal: AbortSignal;
  },
): ShimHold {
  let held: { readonly word: Promise<ExitMessage | undefined>; end(): void } | undefined;
  let tell: (exit: ExitMessage) => void = () => {};
  const exit = new Promise<ExitMessage>((resolve) => {
    tell = resolve;
  });

  const source = `shim of ${key.containerId}`;

  async function ask(until: AbortSignal): Promise<ExitMessage | undefined> {
    const word = await shims.wait(key, { signal: until }).catch((error: unknown) => {
      if (!until.aborted) report({ source, error: toCtrdError(error) });
    });
    if (word === undefined) return undefined;
    // Before anybody is told: the daemon may have forgotten it by the next time it is asked.
    await journal.write(word).catch((error: unknown) => {
      report({ source: `exit journal of ${key.containerId}`, error: toCtrdError(error) });
    });
    tell(word);
    return word;
  }

  function take(): Promise<ExitMessage | undefined> {
    if (held === undefined) {
      const over = new AbortController();
      const end = () => over.abort();
      signal.addEventListener('abort', end, { once: true });
      held = {
        word: ask(over.signal),
        end() {
          signal.removeEventListener('abort', end);
          end();
        },
      };
    }
    return held.word;
  }

  return {
    exit,
    take: () => void take(),
    release() {
      held?.end();
      held = undefined;
    },
    async lastWord() {
      const tooLate = new AbortController();
      const late = sleep(lastWordMs, undefined, { signal: tooLate.signal }).catch(() => undefined);
      const word = await Promise.race([take(), late]);
      tooLate.abort();
      return word;
    },
  };
}
