/**
 * Leaves out a connection that fails again and again, for longer each time, and lets it come back.
 * It is for one that stays up and drops calls, or does not serve: that one has broken and connects
 * again is seen by its state.
 */
export interface Ejection extends Disposable {
  readonly active: boolean;
  /** Marks the begin of a call. */
  begun(): number;
  /** A call or check has succeeded: failures are forgotten. */
  succeeded(): void;
  /** The connection has broken: what failed on it before is explained. */
  broke(): void;
  /**
   * A call has failed; enough of them in a row eject. Calls that were under way together when one
   * failed are one failure: they say nothing new.
   *
   * @param begin - what {@link begun} gave.
   */
  failed(begin: number): void;
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
  let begins = 0;
  let lastFailure = 0;
  let timer: NodeJS.Timeout | undefined;

  function end(): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    listener.returned();
  }

  function eject(): void {
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
    begun: () => (begins += 1),
    broke() {
      inRow = 0;
    },
    failed(begin) {
      if (timer !== undefined || begin <= lastFailure) return;
      lastFailure = begins;
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
