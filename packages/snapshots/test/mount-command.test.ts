import { describe, expect, it } from 'vitest';
import { mountArguments } from '../src/mount/mount-command.js';

describe('the arguments of mount', () => {
  it('binds a folder with the options it has', () => {
    const mount = { type: 'bind', source: '/data', target: '', options: ['rw', 'rbind'] };
    expect(mountArguments(mount, '/mnt', false)).toEqual({
      args: ['--types', 'none', '--options', 'rw,rbind', '/data', '/mnt'],
      cwd: '/',
    });
  });

  it('turns a writable mount into a read-only one', () => {
    const mount = { type: 'bind', source: '/data', target: '', options: ['rw', 'rbind'] };
    expect(mountArguments(mount, '/mnt', true).args[3]).toBe('rbind,ro');
  });

  it('names the layers from the folder they share when the options fill a page', () => {
    const layer = (n: number) => `/var/lib/containerd/overlay/snapshots/${n}/fs`;
    const layers = Array.from({ length: 128 }, (_, n) => layer(n));
    const mount = {
      type: 'overlay',
      source: 'overlay',
      target: '',
      options: [`lowerdir=${layers.join(':')}`],
    };
    const { args, cwd } = mountArguments(mount, '/mnt', false);
    expect(cwd).toBe('/var/lib/containerd/overlay/snapshots/');
    expect(args[3]?.length).toBeLessThan(4096);
    expect(args[3]?.startsWith('lowerdir=0/fs:1/fs:')).toBe(true);
  });
});
