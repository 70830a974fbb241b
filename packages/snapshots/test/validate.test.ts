import { describe, expect, it } from 'vitest';
import { checkKey, checkLabels, checkSnapshotterName } from '../src/validate.js';

const invalid = (field: string) => expect.objectContaining({ code: 'invalid-argument', field });

describe('what a snapshot call is given', () => {
  it.each(['', 'a\nb', 'a\u0000', 'x'.repeat(1025)])('refuses the key %j', (key) => {
    expect(() => checkKey(key)).toThrow(invalid('key'));
  });

  it.each(['a', 'sha256:abc', 'extract-1 sha256:abc', '../x'])('takes the key %j', (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  it.each(['', 'a/b', '../x', 'overlay fs'])('refuses the snapshotter %j', (name) => {
    expect(() => checkSnapshotterName(name)).toThrow(invalid('snapshotter'));
  });

  it('refuses labels that the daemon has no room for', () => {
    expect(() => checkLabels({ a: 'x'.repeat(4096) })).toThrow(invalid('labels.a'));
    expect(() => checkLabels({ a: 'x'.repeat(4095) })).not.toThrow();
  });
});
