import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { openForWriting } from './fifo.js';

/** The input of a process. */
export interface Input {
  readonly stream: Writable;
  /**
   * Says that the process exists: the end of the input can be told from now on. `closeIO` tells it;
   * sent earlier, it would be lost.
   */
  connected(closeIO: () => Promise<void>): void;
  /** Lets go of the pipe without ending the process's input; what is still written goes nowhere. */
  close(): void;
}

/**
 * How long the pipe is held open for the shim, which opens it in the background: the answer that the
 * process exists may be faster, on a machine that has much to do by seconds, and what was written
 * would be lost. Afterwards a process that closes its input is noticed.
 */
const holdMs = 10_000;

/** Writes to a named pipe. */
export function openInput(path: string): Input {
  const { fd, release } = openForWriting(path);
  const sink = new Socket({ fd, readable: false, writable: true });
  let timer: NodeJS.Timeout | undefined;
  let ready: (closeIO: () => Promise<void>) => void = () => {};
  const connected = new Promise<() => Promise<void>>((resolve) => {
    ready = resolve;
  });
  const letGo = () => {
    clearTimeout(timer);
    release();
  };
  // The process went away: what is written to it goes nowhere, which is no failure of the writer.
  sink.on('error', () => sink.destroy());
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      if (sink.destroyed) callback();
      else sink.write(chunk, () => callback());
    },
    final(callback) {
      sink.destroy();
      // The shim holds the pipe open for writing as well; only CloseIO ends the process's input.
      connected
        .then((closeIO) => closeIO())
        .finally(letGo)
        .then(() => callback(), callback);
    },
    destroy(error, callback) {
      sink.destroy();
      letGo();
      callback(error);
    },
  });
  return {
    stream,
    connected(closeIO) {
      timer = setTimeout(release, holdMs);
      timer.unref();
      ready(closeIO);
    },
    close() {
      letGo();
      sink.destroy();
      // Nobody can be told any more; an end() under way is over.
      ready(() => Promise.resolve());
    },
  };
}
