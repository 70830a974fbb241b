import { wrong } from '../options/wrong.js';

/** What docker has. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** Reads `ctrl-p,ctrl-q`: single characters and `ctrl-` with a letter or one of `@[\]^_`. */
export function parseDetachKeys(text: string): Buffer {
  const bytes = text.split(',').map((key) => {
    const control = /^ctrl-([a-zA-Z@[\\\]^_])$/i.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
    if (key.length === 1 && key.charCodeAt(0) < 0x80) return key.charCodeAt(0);
    throw wrong('--detach-keys', 'characters and ctrl-x, with commas between', text);
  });
  return Buffer.from(bytes);
}

/** Looks for a sequence of keys in what is typed. */
export interface KeyWatch {
  /**
   * Takes the next bytes. Answers those that are to go on (a beginning of the sequence is held back
   * until it is clear), and whether the sequence is complete.
   */
  take(chunk: Buffer): { readonly onward: Buffer; readonly complete: boolean };
}

export function watchKeys(sequence: Buffer): KeyWatch {
  let matched = 0;
  return {
    take(chunk) {
      const onward: number[] = [];
      for (const byte of chunk) {
        while (matched > 0 && byte !== sequence[matched]) {
          // What was held back goes on, up to the longest end of it that may still be a beginning.
          const kept = overlap(sequence, matched);
          onward.push(...sequence.subarray(0, matched - kept));
          matched = kept;
        }
        if (byte !== sequence[matched]) onward.push(byte);
        else matched += 1;
        if (matched === sequence.length) return { onward: Buffer.from(onward), complete: true };
      }
      return { onward: Buffer.from(onward), complete: false };
    },
  };
}

/** How long the longest true end of the first `length` bytes is that is a beginning as well. */
function overlap(sequence: Buffer, length: number): number {
  for (let size = length - 1; size > 0; size -= 1) {
    const end = sequence.subarray(length - size, length);
    if (end.equals(sequence.subarray(0, size))) return size;
  }
  return 0;
}
