import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { repository } from '../checks/workspace.js';
import { bundle, esmBanner } from './bundle.js';

const names = async (text: string) => [...(await bundle(text)).packages.keys()];

describe('a host that bundles', () => {
  it('core, snapshots and containers ships no image code and no pool', async () => {
    const packages = await names("export { run } from './examples/own-host/main.js';");
    expect(packages).toEqual(expect.arrayContaining(['@ctrd/core', '@ctrd/containers']));
    expect(packages).toContain('@ctrd/snapshots');
    for (const absent of ['@ctrd/images', '@ctrd/pool', '@ctrd/daemon', '@ctrd/client']) {
      expect(packages).not.toContain(absent);
    }
  });

  it('snapshots only ships no containers', async () => {
    const packages = await names(
      "import { ctrd } from '@ctrd/core'; import { snapshots } from '@ctrd/snapshots'; export const client = ctrd().use(snapshots());",
    );
    expect(packages).not.toContain('@ctrd/containers');
    expect(packages).not.toContain('@ctrd/images');
  });

  it('one service of the API ships that service and what it refers to', async () => {
    const { code } = await bundle("export { Snapshots } from '@ctrd/api/services/snapshots/v1';");
    expect(code).not.toContain('containerd.services.tasks');
    expect(code).not.toContain('containerd.services.content');
  });

  it.each([
    ['a token', "export { SnapshotSource } from '@ctrd/core';"],
    ['an error', "export { CtrdError } from '@ctrd/core';"],
    ['a strategy', "export { roundRobin } from '@ctrd/pool';"],
    ['a change of the spec', "export { withMemory } from '@ctrd/containers';"],
  ])('%s ships neither a transport nor a container of parts', async (_, text) => {
    const { bytes, packages } = await bundle(text);
    expect(packages.has('@grpc/grpc-js')).toBe(false);
    expect(packages.has('tsyringe')).toBe(false);
    expect(bytes).toBeLessThan(10_000);
  });

  it('provides the HTTP/2 transport, and leaves the default out, ships no grpc-js', async () => {
    const text = "export { connect } from './examples/light/main.js';";
    const { packages } = await bundle(text, { external: ['@ctrd/core/grpc'] });
    for (const absent of ['@grpc/grpc-js', 'long', 'protobufjs']) {
      expect(packages.has(absent)).toBe(false);
    }
  });

  it.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)('as %s starts, with everything in it', async (format, ending) => {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bundle-'));
    try {
      const { code } = await bundle(
        `import { createClient } from '@ctrd/client';
         createClient({ address: '/nowhere.sock' }).catch(({ code }) => console.log(code));`,
        { format },
      );
      const file = join(folder, `host.${ending}`);
      await writeFile(file, code);
      const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
      expect(stdout).toBe('unavailable\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is told to begin an ES module as these do', async () => {
    const text = await readFile(join(repository, 'packages/core/README.md'), 'utf8');
    expect(text).toContain(`--banner:js="${esmBanner}"`);
  });
});
