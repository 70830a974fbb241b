import { open } from 'node:fs/promises';
import type { Layout } from './layout.js';

const tailBytes = 4096;

/** The last lines of the daemon's log, for error messages. */
export async function logTail(layout: Layout): Promise<string> {
  try {
    await using file = await open(layout.log, 'r');
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(tailBytes),
      position: Math.max(0, size - tailBytes),
    });
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '(no log)';
  }
}
