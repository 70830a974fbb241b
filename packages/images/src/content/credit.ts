import { CtrdError } from '@ctrd/core';

/** How many messages may be under way: the writer takes, the reader of the answers gives back. */
export interface Credit {
  /** The offset to go on from. */
  readonly opened: Promise<number>;
  open(offset: number): void;
  /** Resolves when one more may be sent. */
  take(): Promise<void>;
  give(): void;
  /** Resolves when all that was taken has been given back, or nothing more will be. */
  settled(): Promise<void>;
  /** Nothing more will be answered: whoever waits is turned away. */
  close(): void;
}

export function createCredit(limit: number): Credit {
  let left = limit;
  let closed = false;
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const one of waiting.splice(0)) one();
  };
  const change = () => new Promise<void>((resolve) => waiting.push(resolve));
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
      while (left === 0 && !closed) await change();
      if (closed) throw ended();
      left -= 1;
    },
    give() {
      left += 1;
      wake();
    },
    async settled() {
      while (left < limit && !closed) await change();
    },
    close() {
      closed = true;
      turnAway(ended());
      wake();
    },
  };
}

function ended(): CtrdError {
  return new CtrdError('the write has ended', { code: 'aborted' });
}
