import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configPath, parseConfig, readConfig, writeConfig } from '../src/config-file.js';
import { settingsOf } from '../src/settings.js';

const config = {
  current: 'dev',
  contexts: { dev: { address: '/dev.sock', namespace: 'dev' }, k8s: { namespace: 'k8s.io' } },
};

describe('where a command goes', () => {
  it('is said by options, then the environment, then the current context', () => {
    const env = { CONTAINERD_NAMESPACE: 'env', CONTAINERD_SNAPSHOTTER: '' };
    expect(settingsOf({}, {}, { contexts: {} })).toEqual({
      ...{ address: undefined, namespace: 'default', snapshotter: undefined },
    });
    expect(settingsOf({}, {}, config)).toMatchObject({ address: '/dev.sock', namespace: 'dev' });
    expect(settingsOf({}, env, config)).toEqual({
      ...{ address: '/dev.sock', namespace: 'env', snapshotter: undefined },
    });
    expect(settingsOf({ namespace: 'opt' }, env, config)).toMatchObject({ namespace: 'opt' });
    const { runtimeDir } = settingsOf({}, { CTRD_RUNTIME_DIR: 'run' }, config);
    expect(runtimeDir).toBe(join(process.cwd(), 'run'));
  });

  it('is a context that is named before the environment', () => {
    const env = { CONTAINERD_NAMESPACE: 'env', CONTAINERD_ADDRESS: '/env.sock' };
    expect(settingsOf({ context: 'k8s' }, env, config)).toMatchObject({
      ...{ namespace: 'k8s.io', address: '/env.sock' },
    });
    expect(settingsOf({}, { CTRD_CONTEXT: 'k8s' }, config)).toMatchObject({ namespace: 'k8s.io' });
    expect(() => settingsOf({ context: 'none' }, {}, config)).toThrow('dev, k8s');
    expect(() => settingsOf({ context: 'toString' }, {}, config)).toThrow('dev, k8s');
  });
});

describe('the configuration file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctrd-config-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('is where the environment says', () => {
    expect(configPath({ CTRD_CONFIG: '/x.json', HOME: '/h' })).toBe('/x.json');
    expect(configPath({ XDG_CONFIG_HOME: '/xdg', HOME: '/h' })).toBe('/xdg/ctrd/config.json');
    expect(configPath({ HOME: '/h' })).toBe('/h/.config/ctrd/config.json');
  });

  it('is read as it was written, and need not be there', async () => {
    const path = join(folder, 'a/config.json');
    expect(await readConfig(path)).toEqual({ contexts: {} });
    await writeConfig(config, path);
    expect(await readConfig(path)).toEqual(config);
  });

  it.each([
    '',
    '[]',
    '{"current":1}',
    '{"contexts":[]}',
    '{"contexts":{"a":1}}',
    '{"contexts":{"a":{"adress":"x"}}}',
    '{"contexts":{"a":{"address":1}}}',
  ])('is refused with its path when it says %s', async (text) => {
    const path = join(folder, 'broken.json');
    await writeFile(path, text);
    await expect(readConfig(path)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(path),
    });
    expect(() => parseConfig(text, path)).toThrow(path);
  });
});
