/** Counts what is under way. */
export interface Running {
  readonly count: number;
  /** Counts one more, until the result is disposed. */
  enter(): Disposable;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export function createRunning(): Running {
  let count = 0;
  let waiting: (() => void)[] = [];
  // One for all: leaving is only counted, and each caller leaves once.
  const leave: Disposable = {
    [Symbol.dispose]() {
      count -= 1;
      if (count > 0) return;
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    },
  };
  return {
    get count() {
      return count;
    },
    enter() {
      count += 1;
      return leave;
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
