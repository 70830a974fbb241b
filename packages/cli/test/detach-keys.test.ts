import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDetachKeys, watchKeys } from '../src/terminal/detach-keys.js';

const sequence = parseDetachKeys('ctrl-p,ctrl-q');
const typed = (...chunks: string[]) => {
  const watch = watchKeys(sequence);
  let onward = '';
  for (const chunk of chunks) {
    const taken = watch.take(Buffer.from(chunk, 'latin1'));
    onward += taken.onward.toString('latin1');
    if (taken.complete) return { onward, complete: true };
  }
  return { onward, complete: false };
};

describe('detach keys', () => {
  it('are read', () => {
    expect([...sequence]).toEqual([0x10, 0x11]);
    expect([...parseDetachKeys('a,ctrl-[,CTRL-Z')]).toEqual([0x61, 0x1b, 0x1a]);
    for (const text of ['', 'ctrl-', 'ctrl-ab', 'ab', 'ctrl-1', 'ctrl-p,']) {
      expect(() => parseDetachKeys(text)).toThrow(
        expect.objectContaining({ field: '--detach-keys' }),
      );
    }
  });

  it('end it, in one chunk or in several, and are not passed on', () => {
    expect(typed('ls\n\x10\x11')).toEqual({ onward: 'ls\n', complete: true });
    expect(typed('ls\n\x10', '\x11')).toEqual({ onward: 'ls\n', complete: true });
  });

  it('are passed on when they are not the whole sequence', () => {
    expect(typed('\x10', 'a')).toEqual({ onward: '\x10a', complete: false });
    expect(typed('\x10\x10\x11')).toEqual({ onward: '\x10', complete: true });
    expect(typed('\x11\x10')).toEqual({ onward: '\x11', complete: false });
  });

  it('lose nothing and find the first occurrence, whatever is typed', () => {
    const key = fc.constantFrom('a', 'b');
    const keys = fc.array(key, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        keys,
        fc.array(fc.array(key, { maxLength: 5 }), { maxLength: 6 }),
        (wanted, chunks) => {
          const watch = watchKeys(Buffer.from(wanted.join('')));
          const all = chunks.flat().join('');
          const at = all.indexOf(wanted.join(''));
          let onward = '';
          let complete = false;
          for (const chunk of chunks) {
            const taken = watch.take(Buffer.from(chunk.join('')));
            onward += taken.onward.toString();
            complete = taken.complete;
            if (complete) break;
          }
          expect(complete).toBe(at >= 0);
          if (at >= 0) expect(onward).toBe(all.slice(0, at));
          else expect(all.startsWith(onward)).toBe(true);
        },
      ),
    );
  });
});
