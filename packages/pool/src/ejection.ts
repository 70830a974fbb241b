/** Leaves out what fails again and again, for longer each time, and lets it come back. */
export interface Ejection extends Disposable {
  readonly active: boolean;
  /** A call or check has succeeded: failures are forgotten. */
  succeeded(): void;
  /** A call has failed; enough of them in a row eject. */
  failed(): void;
  /** Ejects at once. */
  eject(): void;
  /** Ends an ejection before its time. */
  end(): void;
}

export interface EjectionRules {
  /** Failures in a row that eject. */
  readonly failures: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

export interface EjectionListener {
  ejected(forMs: number): void;
  returned(): void;
}

export function createEjection(rules: EjectionRules, listener: EjectionListener): Ejection {
  let inRow = 0;
  let times = 0;
  let timer: NodeJS.Timeout | undefined;

  function end(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    listener.returned();
  }

  function eject(): void {
    // What was under way when it was ejected fails as well, and says nothing new.
    if (timer !== undefined) return;
    const forMs = Math.min(rules.firstMs * 2 ** times, rules.longestMs);
    times += 1;
    // The next failure after the return ejects again; a success needs to come first to be trusted.
    inRow = rules.failures - 1;
    timer = setTimeout(end, forMs);
    timer.unref();
    listener.ejected(forMs);
  }

  return {
    get active() {
      return timer !== undefined;
    },
    succeeded() {
      inRow = 0;
      times = 0;
    },
    failed() {
      if (timer !== undefined) return;
      inRow += 1;
      if (inRow >= rules.failures) eject();
    },
    eject,
    end,
    [Symbol.dispose]() {
      clearTimeout(timer);
      timer = undefined;
      inRow = 0;
      times = 0;
    },
  };
}
