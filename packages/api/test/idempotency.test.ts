import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DescFile, DescMethod } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};

/** The methods that a caller may send again: what they ask changes nothing. */
const reads =
  /^(Get|List|ListStream|ListStatuses|ListPids|ListResources|Info|Version|Stat|Status|State|Mounts|Usage|Metrics|Stats|Pids|Plugins|PluginInfo|Server|Platform|Read|Connect|Check|Watch)$/;

async function methods(): Promise<DescMethod[]> {
  const subpaths = Object.keys(manifest.exports).filter((key) => key !== './package.json');
  const modules = await Promise.all(
    subpaths.map((subpath) => import(subpath.replace('.', '@ctrd/api')) as Promise<object>),
  );
  return modules
    .flatMap((module) => Object.entries(module))
    .filter(([name]) => name.startsWith('file_'))
    .flatMap(([, file]: [string, DescFile]) => file.services)
    .flatMap((service) => service.methods);
}

describe('the methods', () => {
  it('are marked as free of side effects when they are reads, and only then', async () => {
    const all = await methods();
    const marked = all.filter(
      ({ idempotency }) => idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    );
    expect(marked.map(String)).toEqual(all.filter(({ name }) => reads.test(name)).map(String));
    expect(marked.length).toBeGreaterThan(30);
    expect(marked.map(({ name }) => name)).not.toContain('Wait');
  });
});
