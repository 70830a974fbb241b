import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { committedConfig } from '../../src/commit/committed-config.js';
import { changedConfig, checkChanges, type ImageChanges } from '../../src/commit/image-changes.js';

const facts = {
  created: new Date('2026-01-02T03:04:05Z'),
  ...{ createdBy: undefined, author: undefined, comment: undefined },
};
const diffId = `sha256:${'1'.repeat(64)}`;

describe('the config of a commit', () => {
  it('keeps what it does not know, and what it does', () => {
    const unknown = { Healthcheck: { Test: ['CMD'] }, OnBuild: ['RUN x'], ArgsEscaped: true };
    const base = {
      ...{ architecture: 'arm', variant: 'v7', os: 'linux', 'os.version': '1', author: 'a' },
      config: { ...unknown, Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: ['x'] },
      history: [{ created_by: 'first' }],
    };
    expect(committedConfig(base, diffId, {}, facts)).toEqual({
      ...base,
      created: '2026-01-02T03:04:05.000Z',
      rootfs: { type: 'layers', diff_ids: ['x', diffId] },
      history: [{ created_by: 'first' }, { created: '2026-01-02T03:04:05.000Z' }],
    });
  });

  it('says of an unchanged snapshot that it made no layer', () => {
    const { rootfs, history } = committedConfig({}, undefined, {}, { ...facts, comment: 'c' });
    expect(rootfs).toEqual({ type: 'layers', diff_ids: [] });
    expect(history).toEqual([
      { created: '2026-01-02T03:04:05.000Z', comment: 'c', empty_layer: true },
    ]);
  });

  it('leaves out the container that the base was committed from', () => {
    const base = { container: 'abc', container_config: {}, os: 'linux' };
    expect(Object.keys(committedConfig(base, diffId, {}, facts)).sort()).toEqual([
      ...['config', 'created', 'history', 'os', 'rootfs'],
    ]);
  });

  it('does not change the base', () => {
    const base = { config: { Env: ['A=1'], Labels: { a: '1' } }, history: [{}], rootfs: {} };
    const before = structuredClone(base);
    committedConfig(base, diffId, { env: ['A=2'], labels: { a: '2' } }, facts);
    expect(base).toEqual(before);
  });
});

describe('changes', () => {
  it('put variables in the place of the old ones, labels beside them, ports and volumes too', () => {
    const base = {
      ...{ Env: ['A=1', 'B=2', 'PATH=/bin'], Labels: { a: '1' } },
      ...{ ExposedPorts: { '80/tcp': {} }, Volumes: { '/data': {} } },
    };
    const changes: ImageChanges = {
      ...{ env: ['B=3', 'C=4=5'], labels: { b: '' } },
      ...{ exposedPorts: ['53/udp'], volumes: ['/more'] },
    };
    expect(changedConfig(base, changes)).toEqual({
      Env: ['A=1', 'B=3', 'PATH=/bin', 'C=4=5'],
      Labels: { a: '1', b: '' },
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Volumes: { '/data': {}, '/more': {} },
    });
  });

  it('of nothing leave the config as it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (base) => {
        fc.pre(!['Env', 'Labels', 'ExposedPorts', 'Volumes'].some((key) => key in base));
        expect(changedConfig(base, {})).toEqual(base);
      }),
    );
  });

  it.each([
    ['cmd', 'sh'],
    ['entrypoint', [1]],
    ['env', ['=x']],
    ['env', ['A']],
    ['env', ['A=\0']],
    ['labels', { a: 1 }],
    ['user', 5],
    ['workingDir', null],
    ['exposedPorts', ['80']],
    ['exposedPorts', ['0/tcp']],
    ['exposedPorts', ['65536/tcp']],
    ['exposedPorts', ['80/icmp']],
    ['volumes', ['data']],
  ])('of %s are not %j', (field, value) => {
    expect(() => checkChanges({ [field]: value })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: `changes.${field}` }),
    );
  });
});
