import { invalidArgument } from '@ctrd/core';
import type { Extension } from '../container-options.js';

type Extensions = Readonly<Record<string, Extension>>;

/** Throws `invalid-argument`, naming the extension. */
export function checkExtensions(extensions: Extensions = {}): void {
  for (const [name, extension] of Object.entries(extensions)) {
    const field = `extensions.${name}`;
    if (name === '') throw invalidArgument('extensions', 'have no empty name');
    if (name.startsWith('ctrd/')) throw invalidArgument(field, 'not begin with ctrd/', name);
    if (typeof extension?.typeUrl !== 'string' || extension.typeUrl === '') {
      throw invalidArgument(`${field}.typeUrl`, 'be a text that is not empty', extension?.typeUrl);
    }
    if (!(extension.value instanceof Uint8Array)) {
      throw invalidArgument(`${field}.value`, 'be bytes', extension.value);
    }
  }
}

/** In the shape of the daemon's messages, and back: copies, which nobody else changes. */
export function extensionsOf(extensions: Extensions = {}) {
  return Object.fromEntries(
    Object.entries(extensions).map(([name, { typeUrl, value }]) => [
      name,
      { typeUrl, value: new Uint8Array(value) },
    ]),
  );
}
