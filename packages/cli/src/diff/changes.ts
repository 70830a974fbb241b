import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTarDecoder } from 'modern-tar';
import type { ChangeRow } from '../shapes.js';

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * What a layer changes of the files in `parent`, a folder; `undefined` for none. A folder that a layer
 * replaces as a whole is a change of the folder.
 */
export async function changesOf(
  layer: AsyncIterable<Uint8Array>,
  parent: string | undefined,
): Promise<readonly ChangeRow[]> {
  const rows = new Map<string, ChangeRow>();
  const entries = ReadableStream.from<Uint8Array>(layer).pipeThrough(createTarDecoder());
  for await (const { header, body } of entries) {
    await body.cancel();
    const parts = header.name.split('/').filter((part) => part !== '' && part !== '.');
    const last = parts.pop();
    if (last === undefined) continue;
    const gone = last.startsWith(whiteout) && last !== opaque;
    const name = gone ? last.slice(whiteout.length) : last;
    if (last !== opaque) parts.push(name);
    const path = `/${parts.join('/')}`;
    const added = !gone && !(parent !== undefined && (await isThere(parent, parts)));
    rows.set(path, { kind: gone ? 'D' : added ? 'A' : 'C', path });
  }
  return [...rows.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether the parent has it, and not through a link, which could lead out of it. */
async function isThere(root: string, path: readonly string[]): Promise<boolean> {
  let at = root;
  for (const [index, part] of path.entries()) {
    at = join(at, part);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return false;
    if (index < path.length - 1 && !found.isDirectory()) return false;
  }
  return true;
}
