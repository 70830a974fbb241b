import { once } from 'node:events';

/** Passes on what a program has written, no faster than it is taken. */
export async function printChunk(
  chunk: string | Uint8Array,
  to: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  if (!to.write(chunk)) await once(to, 'drain');
}
