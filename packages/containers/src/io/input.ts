import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { openForWriting } from './fifo.js';

/** The input of a process. */
export interface Input {
  readonly stream: Writable;
  /**
   * Says that the process exists: the shim has opened the pipe, and the end of the input can be told
   * from now on. `closeIO` tells it; sent earlier, it would be lost.
   */
  connected(closeIO: () => Promise<void>): void;
  /** Lets go of the pipe without ending the process's input. */
  close(): void;
}

/** Writes to a named pipe. */
export function openInput(path: string): Input {
  const { fd, release } = openForWriting(path);
  const sink = new Socket({ fd, readable: false, writable: true });
  let gone = false;
  let ready: (closeIO: () => Promise<void>) => void = () => {};
  const connected = new Promise<() => Promise<void>>((resolve) => {
    ready = resolve;
  });
  // The process went away: what is written to it goes nowhere, which is no failure of the writer.
  sink.on('error', () => {
    gone = true;
    sink.destroy();
  });
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      if (gone || sink.destroyed) callback();
      else sink.write(chunk, () => callback());
    },
    final(callback) {
      // The shim holds the pipe open for writing as well; only CloseIO ends the process's input.
      sink.destroy();
      connected.then((closeIO) => closeIO()).then(() => callback(), callback);
    },
    destroy(error, callback) {
      sink.destroy();
      callback(error);
    },
  });
  return {
    stream,
    connected(closeIO) {
      release();
      ready(closeIO);
    },
    close() {
      release();
      gone = true;
      sink.destroy();
      // Nobody can be told any more; an end() under way is over.
      ready(() => Promise.resolve());
    },
  };
}
