import { readFileSync } from 'node:fs';

/** The version of this package. The bundle's files lie as deep as this one. */
export function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
