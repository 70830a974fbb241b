import type { ImageRunConfig } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import {
  compose,
  defaultSpec,
  type RunOverrides,
  type SpecChange,
  withEnv,
  withImageConfig,
  withImageVolumes,
  withMounts,
  withReadonlyRootfs,
} from '../../src/spec/index.js';

const spec = defaultSpec({ namespace: 'ci', id: 'a' });

const config: ImageRunConfig = {
  entrypoint: ['/entry'],
  cmd: ['serve', '--fast'],
  env: ['PATH=/bin', 'LANG=C'],
  workingDir: '/srv',
  user: 'web',
  stopSignal: 'SIGINT',
  labels: {},
  volumes: ['/data'],
};

describe('withImageConfig', () => {
  it.each<[string, Partial<ImageRunConfig>, RunOverrides, readonly string[]]>([
    ['entrypoint and cmd', {}, {}, ['/entry', 'serve', '--fast']],
    ['the entrypoint and args of one’s own', {}, { args: ['x'] }, ['/entry', 'x']],
    ['the entrypoint alone with empty args', {}, { args: [] }, ['/entry']],
    ['another entrypoint without the image’s cmd', {}, { entrypoint: ['sh'] }, ['sh']],
    ['another entrypoint and args', {}, { entrypoint: ['sh'], args: ['-c'] }, ['sh', '-c']],
    ['args without the entrypoint', {}, { entrypoint: [], args: ['x'] }, ['x']],
    ['cmd alone', { entrypoint: [] }, {}, ['serve', '--fast']],
  ])('runs %s', (_, image, overrides, args) => {
    expect(withImageConfig({ ...config, ...image }, overrides)(spec).process.args).toEqual(args);
  });

  it('answers invalid-argument when nobody says what to run', () => {
    expect(() => withImageConfig({ ...config, entrypoint: [], cmd: [] }, {})).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'args' }),
    );
  });

  it('sets variables over those that are set already, and those over the image’s', () => {
    const change = compose(
      withEnv({ LANG: 'de', TZ: 'UTC' }),
      withImageConfig(config, { env: ['TZ=CET', 'PATH'] }),
    );
    expect(change(spec).process.env).toEqual(['LANG=de', 'TZ=CET']);
  });

  it('has a PATH where the image has no variables', () => {
    const { env } = withImageConfig({ ...config, env: [] }, {})(spec).process;
    expect(env).toEqual(['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  });

  it('works in the image’s folder, the root, or another', () => {
    const cwd = (image: string, own?: string) =>
      withImageConfig({ ...config, workingDir: image }, { cwd: own })(spec).process.cwd;
    expect([cwd('/srv'), cwd(''), cwd('/srv', '/tmp')]).toEqual(['/srv', '/', '/tmp']);
  });
});

describe('withImageVolumes', () => {
  const added = (...before: readonly SpecChange[]) =>
    compose(...before, withImageVolumes(['/data/', '/var/lib/db', '/run/x']))(spec).mounts.slice(7);

  it('changes nothing under a writable root', () => {
    expect(added()).toEqual([]);
  });

  it('keeps volumes writable under a read-only root, where nothing is mounted', () => {
    const options = ['nosuid', 'nodev', 'mode=1777', 'tmpcopyup'];
    const db = { destination: '/var/lib/db', type: 'tmpfs', source: 'tmpfs', options };
    const own = withMounts([{ source: '/srv', destination: '/data' }]);
    expect(added(withReadonlyRootfs(), own).slice(1)).toEqual([db]);
    expect(added(withReadonlyRootfs())).toEqual([{ ...db, destination: '/data' }, db]);
  });
});
