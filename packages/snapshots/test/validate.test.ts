import { describe, expect, it } from 'vitest';
import { checkFilters, checkKey, checkNew, checkSnapshotterName } from '../src/validate.js';

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

  it.each([
    [{ labels: { a: 'x'.repeat(4096) } }, 'labels.a'],
    [{ labels: { '': 'x' } }, 'labels'],
    [{ lease: '' }, 'lease'],
    [{ lease: 'a\nb' }, 'lease'],
    [{ parent: '' }, 'parent'],
    [{ parent: 'a', image: 'b' }, 'parent'],
  ])('refuses a new snapshot with %j', (options, field) => {
    expect(() => checkNew(options)).toThrow(invalid(field));
  });

  it('takes labels that fill the room there is', () => {
    expect(() => checkNew({ labels: { a: 'x'.repeat(4095) }, parent: 'b' })).not.toThrow();
  });

  it('refuses filters that are not a list', () => {
    expect(() => checkFilters('kind==active' as never)).toThrow(invalid('filters'));
  });
});
