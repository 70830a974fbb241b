import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { debianPackage } from '../../../../tools/debian/index.js';

const folder = 'usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema';

/** The OCI's own JSON schema of the runtime spec, as Debian ships it. */
export async function runtimeSchema(suite: 'bookworm' | 'trixie'): Promise<ValidateFunction> {
  const name = 'golang-github-opencontainers-specs-dev';
  const path = join(await debianPackage({ suite, name }), folder);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const file of await readdir(path)) {
    const { $schema: _, ...schema } = JSON.parse(await readFile(join(path, file), 'utf8'));
    ajv.addSchema(schema, file);
  }
  const validate = ajv.getSchema('config-schema.json');
  if (validate === undefined) throw new Error(`${path} has no config-schema.json`);
  return validate;
}
