import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { configToml } from '../src/config.js';
import { layoutOf } from '../src/layout.js';

const layout = layoutOf('/srv/ctrd');
const read = (toml: string) => parse(toml) as Record<string, Record<string, unknown>>;

describe('the config of a private daemon', () => {
  it('keeps everything under its own folder', () => {
    const config = read(configToml(layout, {}));
    expect(config).toMatchObject({
      version: 2,
      root: '/srv/ctrd/data',
      state: '/srv/ctrd/state',
      grpc: { address: '/srv/ctrd/containerd.sock' },
      debug: { level: 'info' },
    });
  });

  it('is overridden table by table, not as a whole', () => {
    const config = read(
      configToml(layout, {
        config: { grpc: { max_recv_message_size: 1024 }, debug: { level: 'warn' } },
      }),
    );
    expect(config['grpc']).toEqual({
      address: '/srv/ctrd/containerd.sock',
      max_recv_message_size: 1024,
    });
    expect(config['debug']).toEqual({ level: 'warn' });
  });

  it('survives odd characters in the paths', () => {
    const odd = layoutOf('/srv/a "quoted" \\ folder');
    expect(read(configToml(odd, {}))['root']).toBe('/srv/a "quoted" \\ folder/data');
  });
});

describe('the layout', () => {
  it('is temporary without a root, and another one each time', () => {
    expect(layoutOf(undefined)).toMatchObject({ temporary: true });
    expect(layoutOf(undefined).folder).not.toBe(layoutOf(undefined).folder);
    expect(layout.temporary).toBe(false);
  });

  it('refuses a root in which a socket has no room', () => {
    expect(() => layoutOf(`/${'x'.repeat(100)}`)).toThrow(/root must be short enough/);
  });
});
