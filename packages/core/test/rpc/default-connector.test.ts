import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Events } from '@ctrd/api/services/events/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { describe, expect, it } from 'vitest';
import { createServiceClient } from '../../src/rpc/create-service-client.js';
import { defaultConnector } from '../../src/rpc/default-connector.js';
import type { ConnectionState } from '../../src/rpc/transport.js';
import { caught } from '../support/caught.js';
import { route, type ServedCall, serve } from '../support/serve.js';
import { until } from '../support/until.js';
import { useConnection } from '../support/use-connection.js';

const at = useConnection(defaultConnector);

describe('the default connection', () => {
  it('is a gRPC connection, told of and watched from its first use', async () => {
    await using _server = await serve(at.path, [
      route(Version, { version: () => ({ version: '1' }) }),
    ]);
    const seen: ConnectionState[] = [];
    at.connection.watch((state) => seen.push(state));
    expect(at.connection.state).toBe('idle');
    expect((await createServiceClient(Version, at.connection).version({})).version).toBe('1');
    await at.connection.connect({ signal: AbortSignal.timeout(20_000) });
    await until(() => seen.at(-1) === 'ready');
    await at.connection.close();
    expect(at.connection.state).toBe('closed');
    expect(seen.at(-1)).toBe('closed');
  });

  it('lets a reader leave its first stream while waiting', async () => {
    let served: ServedCall | undefined;
    await using _server = await serve(at.path, [
      route(Events, {
        async *subscribe(_request, call) {
          served = call;
          await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
        },
      }),
    ]);
    const events = createServiceClient(Events, at.connection).subscribe({})[Symbol.asyncIterator]();
    const waiting = events.next();
    await until(() => served !== undefined);
    await events.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await until(() => served?.signal.aborted === true);
  });

  it('refuses calls once it is closed, used or not', async () => {
    const seen: ConnectionState[] = [];
    at.connection.watch((state) => seen.push(state));
    await at.connection.close();
    await at.connection.close();
    expect(seen).toEqual(['closed']);
    const error = await caught(createServiceClient(Version, at.connection).version({}));
    expect(error).toMatchObject({ code: 'unavailable', reason: 'closed' });
  });
});

describe('importing the package', () => {
  it('loads no gRPC', async () => {
    const script = `
      import { Rpc } from '@ctrd/core';
      import { createRequire } from 'node:module';
      const loaded = Object.keys(createRequire(process.cwd() + '/x.js').cache);
      console.log(Rpc.name, loaded.filter((file) => file.includes('grpc-js')).length);
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: import.meta.dirname },
    );
    expect(stdout.trim()).toBe('Rpc 0');
  });
});
