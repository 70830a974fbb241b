import type { ProcessHandle } from '@ctrd/client';
import type { SignalRelay } from './signals.js';

/** What of this process's terminal is led into a container's. */
export interface TerminalWishes {
  readonly tty: boolean;
  readonly interactive: boolean;
  readonly signals: SignalRelay;
}

/**
 * Connects a process with this one's terminal: raw mode, the size and its changes, and signals when
 * there is no terminal that carries them. Disposing puts everything back.
 */
export function connectTerminal(
  handle: Pick<ProcessHandle, 'kill' | 'resize'>,
  { tty, interactive, signals }: TerminalWishes,
): Disposable {
  const undo: (() => void)[] = [];
  if (tty && process.stdout.isTTY) {
    // One after the other: the daemon may do in any order what it is told at once.
    let told = Promise.resolve();
    const tell = async () => {
      const { columns: width, rows: height } = process.stdout;
      // It may have ended meanwhile; nothing is lost with a size.
      await handle.resize({ width, height }).catch(() => {});
    };
    const resize = () => {
      told = told.then(tell);
    };
    process.stdout.on('resize', resize);
    resize();
    undo.push(() => process.stdout.off('resize', resize));
  }
  if (tty && interactive && process.stdin.isTTY) {
    const { stdin } = process;
    stdin.setRawMode(true);
    undo.push(() => stdin.setRawMode(false));
  }
  // It may have ended meanwhile: then there is nobody to be told.
  const isUnheeded = unheeded();
  const send = (name: NodeJS.Signals) => {
    const kill = isUnheeded(name) ? 'SIGKILL' : name;
    void handle.kill({ kill }).catch(() => {});
  };
  const forwarding = signals.forward(send);
  undo.push(() => forwarding[Symbol.dispose]());
  return {
    [Symbol.dispose]() {
      for (const step of undo.reverse()) step();
      // Whoever still types is not read any more, and does not keep this process alive.
      process.stdin.unref?.();
      process.stdin.destroy();
    },
  };
}

/** How soon after the first the third of them must come. */
const insistMs = 10_000;

/**
 * Says when a program is to be ended: the first of a container ignores signals that it has no handler
 * for, and whoever asks it three times does not want to stay.
 */
export function unheeded(now: () => number = () => performance.now()) {
  const asked: number[] = [];
  return (name: NodeJS.Signals): boolean => {
    if (name !== 'SIGINT' && name !== 'SIGTERM') return false;
    asked.push(now());
    const [first = 0] = asked.slice(-3);
    return asked.length >= 3 && now() - first <= insistMs;
  };
}

/** The size that a new terminal gets: this one's. */
export function currentSize(): { width: number; height: number } | true {
  const { columns, rows } = process.stdout;
  return process.stdout.isTTY && columns > 0 && rows > 0 ? { width: columns, height: rows } : true;
}
