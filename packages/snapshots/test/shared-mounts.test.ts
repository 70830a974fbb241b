import { describe, expect, it } from 'vitest';
import { sharedMounts } from '../src/mount/shared-mounts.js';

const overlay = {
  type: 'overlay',
  source: 'overlay',
  target: '',
  options: ['upperdir=/s/2/fs', 'workdir=/s/2/work', 'lowerdir=/s/1/fs'],
};
const mounted = (upper: string, facts = {}) => ({
  ...{ folder: '/tasks/a/rootfs', type: 'overlay', root: '/' },
  options: ['rw', 'lowerdir=/s/1/fs', `upperdir=${upper}`],
  ...facts,
});

describe('the mounts of a snapshot', () => {
  it('are a bind of the overlay that writes to its folder already', () => {
    expect(sharedMounts([overlay], [mounted('/s/3/fs'), mounted('/s/2/fs')])).toEqual([
      { type: 'bind', source: '/tasks/a/rootfs', target: '', options: ['bind'] },
    ]);
  });

  it.each([
    ['another folder', [overlay], mounted('/s/20/fs')],
    ['a part of it', [overlay], mounted('/s/2/fs', { root: '/etc' })],
    ['a view', [{ ...overlay, options: ['lowerdir=/s/1/fs:/s/0/fs'] }], mounted('/s/2/fs')],
    ['a bind', [{ ...overlay, type: 'bind' }], mounted('/s/2/fs')],
  ])('stay as they are when what is mounted is %s', (_name, mounts, there) => {
    expect(sharedMounts(mounts, [there])).toEqual(mounts);
  });
});
