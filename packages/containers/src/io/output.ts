import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { openForReading } from './fifo.js';

/** One output of a process. */
export interface Output {
  /** The bytes, with back-pressure: while nobody reads, the process's pipe fills, and it waits. */
  readonly stream: Readable;
  /** Resolves when the last byte has been taken in from the pipe, or after `close()`. */
  readonly ended: Promise<void>;
  /**
   * Takes in what is left without waiting for a reader: a process that has ended cannot write any
   * more, so that this is at most what the kernel's pipes hold.
   */
  finish(): void;
  /** Lets go of the pipe; what was not taken in stays in it. */
  close(): void;
}

/**
 * Reads a named pipe. It must be open before the daemon is told of it, since the shim's open waits
 * for a reader. A socket on the descriptor waits for data in the event loop; reading it as a file
 * would block a thread of the pool.
 */
export function openOutput(path: string): Output {
  const source = new Socket({ fd: openForReading(path), readable: true, writable: false });
  let finishing = false;
  const stream = new Readable({
    read() {
      source.resume();
    },
    destroy(error, callback) {
      // A reader that leaves must not stop the process: the rest is read and thrown away.
      if (error === null) source.resume();
      callback(error);
    },
  });
  const ended = new Promise<void>((resolve) => {
    source.on('data', (chunk: Buffer) => {
      if (stream.destroyed) return;
      if (!stream.push(chunk) && !finishing) source.pause();
    });
    source.on('end', () => {
      if (!stream.destroyed) stream.push(null);
    });
    source.on('error', () => source.destroy());
    source.on('close', () => {
      if (!stream.destroyed && !stream.readableEnded) stream.push(null);
      resolve();
    });
  });
  source.pause();
  return {
    stream,
    ended,
    finish() {
      finishing = true;
      source.resume();
    },
    close: () => void source.destroy(),
  };
}
