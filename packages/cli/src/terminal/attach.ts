import type { ProcessHandle } from '@ctrd/client';

/** What of this process's terminal is led into a container's. */
export interface TerminalWishes {
  readonly tty: boolean;
  readonly interactive: boolean;
}

/**
 * Connects a process with this one's terminal: raw mode, the size and its changes, and signals when
 * there is no terminal that carries them. Disposing puts everything back.
 */
export function connectTerminal(
  handle: ProcessHandle,
  { tty, interactive }: TerminalWishes,
): Disposable {
  const undo: (() => void)[] = [];
  if (tty && process.stdout.isTTY) {
    const resize = () => {
      const { columns: width, rows: height } = process.stdout;
      // It may have ended meanwhile; nothing is lost with a size.
      handle.resize({ width, height }).catch(() => {});
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
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    const forward = () => {
      handle.kill({ kill: name }).catch(() => {});
    };
    process.on(name, forward);
    undo.push(() => process.off(name, forward));
  }
  return {
    [Symbol.dispose]() {
      for (const step of undo.reverse()) step();
      // Whoever still types is not read any more, and does not keep this process alive.
      process.stdin.unref?.();
      process.stdin.destroy();
    },
  };
}

/** The size that a new terminal gets: this one's. */
export function currentSize(): { width: number; height: number } | true {
  const { columns, rows } = process.stdout;
  return process.stdout.isTTY && columns > 0 && rows > 0 ? { width: columns, height: rows } : true;
}
