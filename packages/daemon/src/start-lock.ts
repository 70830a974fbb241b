import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { abortError, throwIfAborted } from '@ctrd/core';

/**
 * Runs one at a time of all processes on the machine that start a daemon in a folder: two of them
 * would take each other's socket away. The lock is an abstract socket, which no crash leaves behind.
 */
export async function withStartLock<T>(
  folder: string,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const hash = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex');
  const name = `\0ctrd-daemon-${hash.slice(0, 32)}`;
  for (;;) {
    throwIfAborted(signal);
    const server = await taken(name);
    if (server === undefined) {
      await sleep(20, undefined, { signal }).catch(() => {
        throw abortError(signal);
      });
      continue;
    }
    try {
      return await run();
    } finally {
      server.close();
    }
  }
}

/** The lock, or `undefined` while another has it. */
async function taken(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(name);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return undefined;
  }
}
