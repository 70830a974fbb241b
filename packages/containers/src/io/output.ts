import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { openForReading } from './fifo.js';

/** One output of a process. */
export interface Output {
  /** The bytes, with back-pressure: while nobody reads, the process's pipe fills, and it waits. */
  readonly stream: Readable;
  /** Resolves when the last byte has been taken in from the pipe, or after `close()`. */
  readonly ended: Promise<void>;
  /** Bytes taken in so far. */
  readonly taken: number;
  /**
   * Takes in what is left without waiting for a reader, up to a limit: of a process that has ended,
   * that is what the pipes between it and here hold.
   */
  finish(): void;
  /** Lets go of the pipe; what was not taken in stays in it. */
  close(): void;
}

/**
 * Most that is kept for a reader who does not come. The pipes and the shim hold less than 200 KB of
 * an ended process; more is of something that outlives it.
 */
const mostUnread = 1 << 20;

/**
 * Reads a named pipe. It must be open before the daemon is told of it, since the shim's open waits
 * for a reader. A socket on the descriptor waits for data in the event loop; reading it as a file
 * would block a thread of the pool.
 */
export function openOutput(path: string): Output {
  const source = new Socket({ fd: openForReading(path), readable: true, writable: false });
  let finishing = false;
  let taken = 0;
  const stream = new Readable({
    read() {
      source.resume();
    },
    destroy(error, callback) {
      // A reader that leaves must not stop the process: the rest is read and thrown away.
      source.resume();
      callback(error);
    },
  });
  const ended = new Promise<void>((resolve) => {
    source.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      if (stream.destroyed || stream.push(chunk)) return;
      if (!finishing || stream.readableLength >= mostUnread) source.pause();
    });
    source.on('error', () => source.destroy());
    source.on('close', () => {
      if (!stream.destroyed) stream.push(null);
      resolve();
    });
  });
  source.pause();
  return {
    stream,
    ended,
    get taken() {
      return taken;
    },
    finish() {
      finishing = true;
      if (stream.readableLength < mostUnread) source.resume();
    },
    close: () => void source.destroy(),
  };
}
