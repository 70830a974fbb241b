import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for sockets, gone when it is disposed. */
export interface Folder extends AsyncDisposable {
  file(name: string): string;
}

export async function folder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'ctrd-core-'));
  return {
    file: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
