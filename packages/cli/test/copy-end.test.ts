import { describe, expect, it } from 'vitest';
import { parseCopyEnd, withFirstName } from '../src/options/copy-end.js';

describe('the ends of a copy', () => {
  it.each([
    ['web:/etc', { container: 'web', path: '/etc' }],
    ['web:etc/x', { container: 'web', path: '/etc/x' }],
    ['web:/a:b', { container: 'web', path: '/a:b' }],
    ['./web:/etc', { container: undefined, path: './web:/etc' }],
    ['/a:b', { container: undefined, path: '/a:b' }],
    ['plain', { container: undefined, path: 'plain' }],
    ['dir/a:b', { container: undefined, path: 'dir/a:b' }],
    ['-', { container: undefined, path: '-' }],
  ])('%s', (text, end) => {
    expect(parseCopyEnd(text)).toEqual(end);
  });

  it('may have another name', () => {
    const rename = withFirstName('new');
    expect(rename({ name: 'old' })).toEqual({ name: 'new' });
    expect(rename({ name: 'old/a/old' })).toEqual({ name: 'new/a/old' });
  });
});
