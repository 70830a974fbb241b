import { invalidArgument } from '@ctrd/core';

/** A snapshot's key or name: free-form on the daemon, but not empty and no control characters. */
export function checkKey(key: string, field = 'key'): void {
  if (typeof key !== 'string' || key === '' || key.length > 1024 || hasControl(key)) {
    throw invalidArgument(field, 'be 1 to 1024 characters without control characters', key);
  }
}

/** A snapshotter is a plugin's id. */
export function checkSnapshotterName(name: string): void {
  if (typeof name !== 'string' || !/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(name)) {
    throw invalidArgument('snapshotter', "be a plugin's id, such as overlayfs", name);
  }
}

/** Labels the daemon would refuse: key and value together are limited to 4096 bytes. */
export function checkLabels(labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    if (key === '') throw invalidArgument('labels', 'have keys that are not empty');
    if (typeof value !== 'string') throw invalidArgument(`labels.${key}`, 'be a string', value);
    if (Buffer.byteLength(key) + Buffer.byteLength(value) > 4096) {
      throw invalidArgument(`labels.${key}`, 'have at most 4096 bytes with its key');
    }
  }
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
