import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ContainerOptions } from '@ctrd/client';
import { CtrdError, type ErrorCode } from '@ctrd/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../src/commands/run.js';
import type { Context } from '../src/context.js';
import { logTarget } from '../src/detached-log.js';
import type { RunFlags } from '../src/options/run-options.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-run-'));
  vi.stubEnv('CTRD_LOG_DIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const failure = (code: ErrorCode) => new CtrdError('it went wrong', { code });

/** Runs a container in the foreground with a log, on a daemon that does what is told here. */
async function ran(
  create: (log: string) => Promise<object>,
  more: Partial<RunFlags> = { rm: true },
) {
  let asked: ContainerOptions | undefined;
  const log = join(folder, 'ci/box--json.log');
  const client = {
    createContainer: async (options: ContainerOptions) => {
      asked = options;
      return await create(log);
    },
  };
  const signals = { forward: () => ({ [Symbol.dispose]() {} }) };
  const { signal } = new AbortController();
  const context = { client, namespace: 'ci', signal, signals, exit() {} } as unknown as Context;
  const flags = { name: 'box', logDriver: 'json-file', pull: 'never', ...more } as const;
  const done = await run(['image'], flags, context).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { asked, done, left: await readdir(join(folder, 'ci')) };
}

describe('the log of run --rm', () => {
  it('goes when the container could not be made', async () => {
    const { done, left } = await ran(async (log) => {
      await writeFile(log, 'begun');
      throw failure('unavailable');
    });
    expect(done).toMatchObject({ code: 'unavailable' });
    expect(left).toEqual([]);
  });

  it('goes when the container could not be started', async () => {
    const { done, left } = await ran(async (log) => {
      await writeFile(log, 'begun');
      return { start: () => Promise.reject(failure('failed-precondition')), async destroy() {} };
    });
    expect(done).toMatchObject({ code: 'failed-precondition' });
    expect(left).toEqual([]);
  });

  it.each(['already-exists', 'unavailable'] as const)(
    'stays when it is that of another of this name: %s',
    async (code) => {
      await logTarget('json-file', 'ci', 'box');
      await writeFile(join(folder, 'ci/box--json.log'), 'of another');
      const { done, left } = await ran(() => Promise.reject(failure(code)));
      expect(done).toMatchObject({ code });
      expect(left).toEqual(['box--json.log']);
    },
  );
});

it('a container that starts again by itself has the same log then', async () => {
  const { asked } = await ran(() => Promise.reject(failure('internal')), { restart: 'always' });
  const { uri } = await logTarget('json-file', 'ci', 'box');
  expect(asked).toMatchObject({ stdio: { stdout: uri }, restart: { log: uri } });
});

it('a log of a relative folder has a path that others find as well', async () => {
  vi.stubEnv('CTRD_LOG_DIR', relative(process.cwd(), folder));
  const { log } = await logTarget('file', 'ci', 'box');
  expect(log.path).toBe(join(folder, 'ci/box.log'));
});
