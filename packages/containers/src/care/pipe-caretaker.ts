import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Caretaker, CtrdError, type Found, type Owner } from '@ctrd/core';
import { fifoRoot, ownerOfFifos, removeFifos } from '../io/fifo.js';
import { openFiles } from './processes.js';

/**
 * Finds folders of pipes whose owner is gone and that nobody holds open. A shim holds the pipes of
 * its containers as long as these live, whatever daemon or namespace they are of.
 */
export function pipeCaretaker(runtimeDir: string, owner: Owner): Caretaker {
  const root = fifoRoot(runtimeDir);

  async function isOpen(folder: string): Promise<boolean> {
    for await (const path of openFiles()) if (path.startsWith(`${folder}/`)) return true;
    return false;
  }

  return {
    name: 'pipes',
    async inspect() {
      const abandoned: { path: string; id: string; state: 'dead' | 'unknown' }[] = [];
      for (const name of await readdir(root).catch(noneIfMissing)) {
        const id = ownerOfFifos(name);
        const state = id === undefined ? 'alive' : await owner.state(id);
        if (id !== undefined && state !== 'alive')
          abandoned.push({ path: join(root, name), id, state });
      }
      if (abandoned.length === 0) return [];
      if (process.getuid?.() !== 0) {
        throw new CtrdError('who has pipes open is only known to root', {
          code: 'permission-denied',
        });
      }
      const open = new Set<string>();
      for await (const path of openFiles()) {
        if (path.startsWith(`${root}/`)) open.add(path.slice(root.length + 1).split('/')[0] ?? '');
      }
      const found: Found[] = [];
      for (const { path, id, state } of abandoned) {
        if (open.has(basename(path))) continue;
        found.push({
          finding: {
            ...{ kind: 'pipes', id: path, owner: id, ownerState: state },
            why: 'nobody has them open, and their owner is gone',
            since: await stat(path).then(
              ({ mtime }) => mtime,
              () => undefined,
            ),
          },
          async remove() {
            if (await isOpen(path)) return false;
            await removeFifos(path);
            return true;
          },
        });
      }
      return found;
    },
  };
}

function noneIfMissing(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
