import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeContainer } from '../src/remove-container.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-remove-'));
  await mkdir(join(folder, 'ci'));
  for (const name of ['web.log', 'web.log.1']) await writeFile(join(folder, 'ci', name), 'said');
});
afterEach(() => rm(folder, { recursive: true }));

async function removed(destroyContainer: () => Promise<undefined>): Promise<string[]> {
  const info = { id: 'web', logPath: join(folder, 'ci/web.log'), extensions: {} };
  await removeContainer({ destroyContainer }, info, 'ci');
  return await readdir(join(folder, 'ci'));
}

describe('the log of a container that is removed', () => {
  it('goes with it', async () => {
    expect(await removed(async () => undefined)).toEqual([]);
  });

  it('is left to whoever was faster: it may be that of the next one of this name', async () => {
    const gone = new CtrdError('is gone', { code: 'not-found' });
    expect(await removed(() => Promise.reject(gone))).toEqual(['web.log', 'web.log.1']);
  });
});
