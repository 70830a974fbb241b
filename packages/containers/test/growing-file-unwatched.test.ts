import type * as fs from 'node:fs';
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { growingFile } from '../src/logs/growing-file.js';

const host = vi.hoisted(() => ({ watches: 0 }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const watch = (...args: Parameters<typeof real.watch>) => {
    host.watches -= 1;
    if (host.watches >= 0) return real.watch(...args);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  return { ...real, watch };
});

it.each([0, 1])('a file is followed with %i watches, through a rotation', async (watches) => {
  host.watches = watches;
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-log-'));
  const path = join(folder, 'a.log');
  await writeFile(path, 'one\n');
  const [ended, { signal }] = [new AbortController(), new AbortController()];
  let text = '';
  const done = (async () => {
    for await (const chunk of growingFile(path, { signal, until: ended.signal })) text += chunk;
  })();
  const seen = (expected: string) =>
    vi.waitFor(() => expect(text).toBe(expected), { timeout: 10_000 });
  await seen('one\n');
  await appendFile(path, 'two\n');
  await seen('one\ntwo\n');
  await rename(path, `${path}.1`);
  await vi.waitFor(() => expect(host.watches).toBeLessThan(watches - 1), { timeout: 10_000 });
  await writeFile(path, 'new\n');
  await seen('one\ntwo\nnew\n');
  ended.abort();
  await appendFile(path, 'late\n');
  await done;
  expect(text).toBe('one\ntwo\nnew\nlate\n');
  await rm(folder, { recursive: true });
});
