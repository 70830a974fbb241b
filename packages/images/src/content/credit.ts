import { CtrdError } from '@ctrd/core';

/** How many messages may be under way: the writer takes, the reader of the answers gives back. */
export interface Credit {
  /** The offset to go on from. */
  readonly opened: Promise<number>;
  open(offset: number): void;
  /** Resolves when one more may be sent. */
  take(): Promise<void>;
  give(): void;
  /** Nothing more will be answered: whoever waits is turned away. */
  close(): void;
}

export function createCredit(limit: number): Credit {
  let left = limit;
  let closed = false;
  let wake: (() => void) | undefined;
  let turnAway = (_: CtrdError) => {};
  let open = (_: number) => {};
  const opened = new Promise<number>((resolve, reject) => {
    open = resolve;
    turnAway = reject;
  });
  opened.catch(() => {});
  return {
    opened,
    open: (offset) => open(offset),
    async take() {
      while (left === 0 && !closed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (closed) throw ended();
      left -= 1;
    },
    give() {
      left += 1;
      wake?.();
    },
    close() {
      closed = true;
      turnAway(ended());
      wake?.();
    },
  };
}

function ended(): CtrdError {
  return new CtrdError('the write has ended', { code: 'aborted' });
}
