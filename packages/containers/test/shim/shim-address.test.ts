import { describe, expect, it } from 'vitest';
import { addressIn, namedSocket, shimAddresses, socketOf } from '../../src/shim/shim-address.js';

describe('the address of a shim', () => {
  it('is named by the daemon, the namespace and the id', () => {
    // sha256 of "/run/containerd/containerd.sock/default/job-1".
    expect(namedSocket('/run/containerd/containerd.sock', 'default', 'job-1')).toBe(
      '/run/containerd/s/738c2697fecb90dfe8c8d6d7f2e769b6a9815730862a77ce2e10208ac5da7a8d',
    );
  });

  it('is tried there first', async () => {
    const addresses = shimAddresses('/a.sock', 'n', { containerId: 'c', execId: '' });
    const first = await addresses.next();
    expect(first.value).toBe(namedSocket('/a.sock', 'n', 'c'));
    expect(await addresses.next()).toEqual({ done: true, value: undefined });
  });

  it.each([
    ['unix:///run/containerd/s/abc', '/run/containerd/s/abc'],
    ['unix:///run/containerd/s/abc\n', '/run/containerd/s/abc'],
    ['/run/containerd/s/abc', '/run/containerd/s/abc'],
    ['unix://@/containerd-shim/abc.sock', '\0/containerd-shim/abc.sock'],
    ['vsock://3:1024', undefined],
    ['', undefined],
  ])('%j means %j', (address, path) => {
    expect(socketOf(address)).toBe(path);
  });

  it.each([
    ['{"version":3,"address":"unix:///s","protocol":"ttrpc"}', 'unix:///s'],
    ['{"version":3,"address":"unix:///s","protocol":"grpc"}', undefined],
    ['{"version":3}', undefined],
    ['null', undefined],
    ['', undefined],
  ])('in a bootstrap of %j is %j', (bootstrap, address) => {
    expect(addressIn(bootstrap)).toBe(address);
  });
});
