import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const here = join(import.meta.dirname, '..');
const fresh = mkdtempSync(join(tmpdir(), 'ctrd-api-'));
const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as {
  exports: Record<string, { default: string; types: string } | string>;
};

afterAll(() => rmSync(fresh, { recursive: true }));

/** Every file below a folder, with its content. */
function filesOf(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
}

describe('the generated code', () => {
  it('is what the protos generate now', () => {
    execFileSync('../../node_modules/.bin/buf', ['generate', '--output', fresh], { cwd: here });
    expect(filesOf(join(fresh, 'gen'))).toEqual(filesOf(join(here, 'gen')));
  });

  it('comes from protos that the linter accepts', () => {
    execFileSync('node_modules/.bin/buf', ['lint'], { cwd: join(here, '../..') });
  });

  it('is exported as a whole, file by file', () => {
    const exported = Object.values(manifest.exports)
      .flatMap((entry) => (typeof entry === 'string' ? [] : [entry.default, entry.types]))
      .map((path) => path.replace('./gen/', ''));
    expect(exported.sort()).toEqual([...filesOf(join(here, 'gen')).keys()].sort());
  });

  it.each(Object.keys(manifest.exports).filter((key) => key !== './package.json'))(
    'loads by its subpath %s',
    async (subpath) => {
      const specifier = subpath.replace('.', '@ctrd/api');
      const module: object = await import(specifier);
      expect(Object.keys(module).some((name) => name.startsWith('file_'))).toBe(true);
    },
  );
});
