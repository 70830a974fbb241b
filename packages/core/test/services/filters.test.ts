import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filters } from '../../src/services/filters.js';

describe('filters', () => {
  it('are conditions in containerd’s grammar', () => {
    expect(filters.equals('topic', '/tasks/exit')).toBe('topic=="/tasks/exit"');
    expect(filters.differs('id', 'a')).toBe('id!="a"');
    expect(filters.matches('name', '^docker\\.io/')).toBe('name~="^docker\\\\.io/"');
    expect(filters.present(['labels', 'team'])).toBe('labels.team');
    expect(filters.all(filters.present('id'), filters.equals('a', 'b'))).toBe('id,a=="b"');
  });

  it('quote the parts of a field that are no plain names', () => {
    expect(filters.equals(['labels', 'a.b/c'], '1')).toBe('labels."a.b/c"=="1"');
    expect(filters.present(['event', 'container_id'])).toBe('event.container_id');
  });

  it('cannot be left by any value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const filter = filters.equals('f', value);
        expect(JSON.parse(filter.slice('f=='.length))).toBe(value);
        // No quote but the outer ones, unless escaped, and no raw control character.
        expect(filter).toMatch(/^f=="(?:[^"\\\p{Cc}]|\\.|[\u007f-\u009f])*"$/u);
      }),
    );
  });

  it.each([
    ['value', () => filters.equals('f', '\ud800')],
    ['value', () => filters.equals('f', 1 as never)],
    ['field', () => filters.present([])],
    ['conditions', () => filters.all()],
  ])('refuse a bad %s', (field, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', field }));
  });
});
