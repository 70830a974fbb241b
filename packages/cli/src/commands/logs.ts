import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError } from '@ctrd/client';
import type { Run } from '../context.js';
import { logLabel } from '../log-file.js';

export const logs: Run<{ follow?: true }> = async ([id = ''], { follow = false }, context) => {
  const { client, signal } = context;
  const { labels, pid } = await client.getContainer(id, { signal });
  const path = labels[logLabel];
  if (path === undefined) {
    throw new CtrdError('it has no log: only containers that were run with --detach have one', {
      code: 'failed-precondition',
      reason: 'no-log',
      subject: id,
    });
  }
  if (!follow || pid === 0) {
    await pipeline(createReadStream(path), process.stdout, { end: false });
    return;
  }
  const ended = new AbortController();
  const exit = client.waitContainer(id, { signal }).finally(() => ended.abort());
  await followFile(path, ended.signal, signal);
  await exit;
};

/** How often a growing file is looked at: a shim writes it, and tells nobody. */
const pollMs = 100;

/** Prints a file as it grows, until its writer has ended and all of it has been read. */
async function followFile(path: string, ended: AbortSignal, signal: AbortSignal): Promise<void> {
  await using file = await open(path, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  for (let last = false; ; ) {
    const { bytesRead } = await file.read({ buffer });
    if (bytesRead > 0) process.stdout.write(Buffer.from(buffer.subarray(0, bytesRead)));
    else if (last || signal.aborted) return;
    // What was written before the end is there by now: one more look finds it.
    else if (ended.aborted) last = true;
    else await sleep(pollMs, undefined, { signal: ended }).catch(() => {});
  }
}
