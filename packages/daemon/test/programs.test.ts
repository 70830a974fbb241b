import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkDaemonOptions } from '../src/daemon-options.js';
import { findPrograms } from '../src/programs.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-programs-'));
  vi.stubEnv('PATH', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const add = (name: string) => writeFile(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });

describe.runIf(process.getuid?.() === 0)('finding the programs of a daemon (as root)', () => {
  it('says what to install when containerd is missing', async () => {
    await expect(findPrograms({})).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'missing-program',
      subject: 'containerd',
      message: expect.stringContaining('apt-get install containerd runc'),
    });
  });

  it('misses the shim as well as containerd itself', async () => {
    await add('containerd');
    await expect(findPrograms({})).rejects.toMatchObject({ subject: 'containerd-shim-runc-v2' });
  });

  it('looks into the given folders first', async () => {
    for (const name of ['containerd', 'containerd-shim-runc-v2', 'runc']) await add(name);
    const programs = await findPrograms({ path: [folder] });
    expect(programs.containerd).toBe(join(folder, 'containerd'));
    expect(programs.searchPath.startsWith(`${folder}:`)).toBe(true);
  });
});

describe('the options of a daemon', () => {
  it.each([
    [{ root: 'relative' }, 'root'],
    [{ containerd: 'containerd' }, 'containerd'],
    [{ path: ['bin'] }, 'path'],
    [{ logLevel: 'loud' as never }, 'logLevel'],
    [{ startTimeoutMs: -1 }, 'startTimeoutMs'],
    [{ restart: { limit: Number.NaN } }, 'restart.limit'],
  ])('refuses %j, naming the field', (options, field) => {
    expect(() => checkDaemonOptions(options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field }),
    );
  });
});
