import { describe, expect, it } from 'vitest';
import { stdioOf } from '../../src/io/stdio.js';
import { checkExtensions } from '../../src/lifecycle/extensions.js';
import { imageLabels } from '../../src/lifecycle/image-labels.js';
import { checkGivenLabels } from '../../src/lifecycle/labels.js';
import { restartLabels, startedLabels, stoppedLabels } from '../../src/lifecycle/restart.js';
import { loggedTo, stdioExtensions } from '../../src/lifecycle/stdio-extensions.js';

describe("an image's labels", () => {
  it('become its containers', () => {
    const plain = { maintainer: 'somebody', 'org.opencontainers.image.version': '1' };
    expect(imageLabels(plain)).toEqual(plain);
  });

  it.each([
    'ctrd/owner',
    'ctrd/exit-code',
    'ctrd/owns-snapshot',
    'containerd.io/restart.status',
    'containerd.io/restart.loguri',
    'containerd.io/gc.root',
    'nerdctl/state-dir',
    'io.cri-containerd.kind',
  ])('do not, where programs act on them: %s', (key) => {
    expect(imageLabels({ [key]: 'x', other: 'y' })).toEqual({ other: 'y' });
  });

  it('do not, where the daemon would refuse the container for them', () => {
    expect(imageLabels({ '': 'x', long: 'x'.repeat(4093), fits: 'x'.repeat(4092) })).toEqual({
      fits: 'x'.repeat(4092),
    });
  });
});

describe("a caller's labels", () => {
  it.each(['ctrd/exit-code', 'ctrd/owner', 'ctrd/creation'])(
    'do not say what ctrd says: %s',
    (key) => {
      expect(() => checkGivenLabels({ team: 'ci', [key]: '0' })).toThrow(
        expect.objectContaining({ code: 'invalid-argument', field: `labels.${key}` }),
      );
    },
  );

  it('may say everything else', () => {
    const labels = { team: 'ci', 'ctrd/name': 'web', 'containerd.io/restart.policy': 'always' };
    expect(() => checkGivenLabels(labels)).not.toThrow();
  });
});

describe('the log of a container', () => {
  it('is read where it was noted, and never from a label', () => {
    const extensions = stdioExtensions(stdioOf({ stdout: 'file:///logs/a%20b' }, false));
    expect(loggedTo({ extensions })).toBe('/logs/a b');
    expect(loggedTo({ extensions: {} })).toBeUndefined();
    const program = stdioExtensions(stdioOf({ stdout: 'binary:///bin/logger' }, false));
    expect(loggedTo({ extensions: program })).toBeUndefined();
  });

  it('is noted by nobody else', () => {
    const extension = { typeUrl: 'x', value: new Uint8Array() };
    expect(() => checkExtensions({ 'ctrd/log': extension })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'extensions.ctrd/log' }),
    );
  });
});

describe('a restart policy', () => {
  it('says nothing to the monitor before the start', () => {
    const policy = restartLabels({ policy: 'always', log: 'file:///log' });
    expect(policy).toEqual({
      'containerd.io/restart.policy': 'always',
      'containerd.io/restart.loguri': 'file:///log',
    });
    expect(startedLabels(policy)).toEqual({ 'containerd.io/restart.status': 'running' });
    expect(startedLabels({ ...policy, ...stoppedLabels })).toEqual({
      'containerd.io/restart.status': 'running',
      'containerd.io/restart.explicitly-stopped': '',
    });
    expect(startedLabels({})).toEqual({});
  });

  it('has a log that is one', () => {
    const log = '/log' as 'file:///log';
    expect(() => restartLabels({ policy: 'always', log })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'restart.log' }),
    );
  });
});
