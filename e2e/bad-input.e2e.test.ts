import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DefaultClient, defaultClient } from '@ctrd/client';
import { ctrd } from '@ctrd/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daemon, leakOracle, namespaceOf } from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);
/** The methods that were called on the daemon. */
const sent: string[] = [];
let folder: string;
let client: DefaultClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-bad-'));
  const { address } = containerd;
  client = await defaultClient({ address, namespace, runtimeDir: join(folder, 'run') })
    .intercept({
      unary: (call, next) => {
        sent.push(call.method.name);
        return next(call);
      },
      stream: (call, next) => {
        sent.push(call.method.name);
        return next(call);
      },
    })
    .connect();
});

afterAll(async () => {
  await client.close();
  await rm(folder, { recursive: true });
});

const args = ['true'];
const rootfs = '/';

describe('input that cannot be', () => {
  it.each([
    [{ id: '../x', rootfs, args }, 'id'],
    [{ id: '', rootfs, args }, 'id'],
    [{ id: 'x'.repeat(77), rootfs, args }, 'id'],
    [{ id: 'a', args }, 'image'],
    [{ id: 'a', rootfs, image: 'b', args }, 'image'],
    [{ id: 'a', rootfs, args: [] }, 'args'],
    [{ id: 'a', rootfs, args: ['a\0b'] }, 'args[0]'],
    [{ id: 'a', rootfs }, 'args'],
    [{ id: 'a', rootfs, args, cwd: 'relative' }, 'cwd'],
    [{ id: 'a', rootfs, args, env: ['=x'] }, 'env'],
    [{ id: 'a', rootfs, args, limits: { memory: 1 } }, 'memory'],
    [{ id: 'a', rootfs, args, limits: { cpus: -1 } }, 'cpus'],
    [{ id: 'a', rootfs, args, capabilities: { add: ['FLY'] } }, 'capabilities.add'],
    [{ id: 'a', rootfs, args, mounts: [{ destination: 'x' }] }, 'mounts[0].destination'],
    [{ id: 'a', rootfs, args, hostname: '-' }, 'hostname'],
    [{ id: 'a', rootfs, args, stopSignal: 'SIGNOTHING' }, 'stopSignal'],
    [{ id: 'a', rootfs, args, stdio: 'file' }, 'stdio'],
    [{ id: 'a', rootfs, args, stdio: { stdout: 'nowhere' } }, 'stdio.stdout'],
    [{ id: 'a', rootfs, args, labels: { a: 'x'.repeat(5000) } }, 'labels.a'],
    [{ id: 'a', rootfs, args, tty: { width: 0, height: 1 } }, 'width'],
    [{ id: 'a', rootfs, args, tty: true }, 'stdio.stdout'],
    [{ id: 'a', rootfs, args, timeoutMs: -1 }, 'timeoutMs'],
    [{ id: 'a', rootfs, args, runtime: 'runc' }, 'runtime'],
    [{ id: 'a', rootfs, args, runtime: { name: '../shim' } }, 'runtime'],
    [{ id: 'a', rootfs, args, snapshotter: 'a/b' }, 'snapshotter'],
  ])(
    'is refused by createContainer, which names $1, with nothing sent (%#)',
    async (options, field) => {
      sent.length = 0;
      await expect(client.createContainer(options as never)).rejects.toMatchObject({
        code: 'invalid-argument',
        operation: 'createContainer',
        field: expect.stringMatching(
          field === 'stdio' ? /^stdio/ : new RegExp(`${escaped(field)}$`),
        ),
      });
      expect(sent).toEqual([]);
    },
  );

  it.each([
    ['destroyContainer', ['../x'], 'id'],
    ['killContainer', ['a', { kill: 99 }], 'kill'],
    ['execContainer', ['a', { args: [] }], 'args'],
    ['execContainer', ['a', { args, execId: 'a/b' }], 'execId'],
    ['getSnapshot', [''], 'key'],
    ['createSnapshot', ['a', { snapshotter: 'a/b' }], 'snapshotter'],
    ['deleteNamespace', ['a/b'], 'namespace'],
  ])('is refused by $0, which names $2, with nothing sent (%#)', async (name, given, field) => {
    sent.length = 0;
    const method = (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[
      name
    ];
    await expect(method?.(...given)).rejects.toMatchObject({ code: 'invalid-argument', field });
    expect(sent).toEqual([]);
  });

  it('leaves nothing', async () => {
    const before = await oracle.count();
    await expect(client.getImage('UPPER')).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(client.getImage('no-such-image')).rejects.toMatchObject({ code: 'not-found' });
    await oracle.expectNothingLeft(before);
  });
});

describe('a socket that cannot be used', () => {
  it('is missing', async () => {
    const connecting = ctrd({ address: join(folder, 'none.sock') }).connect();
    await expect(connecting).rejects.toMatchObject({ code: 'unavailable', reason: 'missing' });
  });

  it('has nobody listening', async () => {
    const path = join(folder, 'left.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    // Closing a server removes its socket; a crash leaves it, as `exclusive` handles do.
    server.close();
    const connecting = ctrd({ address: path }).connect();
    await expect(connecting).rejects.toMatchObject({
      code: 'unavailable',
      reason: expect.stringMatching(/^(refused|missing)$/),
    });
  });

  it('is not this user’s to open', async () => {
    // As somebody else: root may open everything.
    await chmod(folder, 0o755);
    const { setegid, seteuid } = process;
    if (setegid === undefined || seteuid === undefined) throw new Error('this needs Linux');
    seteuid(65_534);
    try {
      const connecting = ctrd({ address: containerd.address, runtimeDir: folder }).connect();
      await expect(connecting).rejects.toMatchObject({ code: 'unavailable', reason: 'forbidden' });
    } finally {
      seteuid(0);
    }
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
