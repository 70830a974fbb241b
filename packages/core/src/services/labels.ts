import { invalidArgument } from '../errors/index.js';

/**
 * containerd's rule for labels, the same on every line: a key and its value have 4096 bytes
 * together (`pkg/labels`). Throws `invalid-argument`, naming the label below `field`.
 */
export function checkLabels(field: string, labels: Readonly<Record<string, string>>): void {
  if (typeof labels !== 'object' || labels === null) {
    throw invalidArgument(field, 'be an object of texts', labels);
  }
  for (const [key, value] of Object.entries(labels)) {
    const name = `${field}.${key}`;
    if (key === '') throw invalidArgument(field, 'have no empty key');
    if (typeof value !== 'string') throw invalidArgument(name, 'be a text', value);
    if (!fitsLabel(key, value)) {
      throw invalidArgument(name, `have at most ${mostBytes} bytes with its key`);
    }
  }
}

const mostBytes = 4096;

/** Whether the daemon takes a label of that length. */
export function fitsLabel(key: string, value: string): boolean {
  return Buffer.byteLength(key) + Buffer.byteLength(value) <= mostBytes;
}
