import { describe, expect, it } from 'vitest';
import { socketPath } from '../../src/rpc/address.js';

describe('the address of a daemon', () => {
  it.each([
    ['/run/containerd/containerd.sock', '/run/containerd/containerd.sock'],
    ['unix:///run/c.sock', '/run/c.sock'],
    ['unix:/run/c.sock', '/run/c.sock'],
    [`/${'x'.repeat(106)}`, `/${'x'.repeat(106)}`],
  ])('is the path in %s', (address, path) => {
    expect(socketPath(address)).toBe(path);
  });

  it.each([
    [''],
    ['run/c.sock'],
    ['unix://run/c.sock'],
    ['unix:run/c.sock'],
    ['//run/c.sock'],
    ['tcp://127.0.0.1:1'],
    ['/run/\0'],
    [`/${'x'.repeat(107)}`],
    [`/${'é'.repeat(54)}`],
    [undefined as unknown as string],
  ])('cannot be %j', (address) => {
    expect(() => socketPath(address)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'address' }),
    );
  });
});
