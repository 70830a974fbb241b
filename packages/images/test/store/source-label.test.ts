import { describe, expect, it } from 'vitest';
import { manifestName } from '../../src/push/push-target.js';
import { mountSource, sourcesOf, withSource } from '../../src/store/source-label.js';

const info = (value: string) => ({
  labels: { 'containerd.io/distribution.source.docker.io': value },
});

describe('where a blob is known to be', () => {
  it('is what the label of the registry says, and of no other', () => {
    expect(sourcesOf(info('library/a,team/b'), 'docker.io')).toEqual(['library/a', 'team/b']);
    expect(sourcesOf(info(''), 'docker.io')).toEqual([]);
    expect(sourcesOf(info('library/a'), 'example.com')).toEqual([]);
  });

  it('is mounted from the repository that is nearest', () => {
    expect(mountSource(['library/a', 'team/x/y', 'team/z'], 'team/x/app')).toBe('team/x/y');
    expect(mountSource(['team/app'], 'team/app')).toBeUndefined();
    expect(mountSource([], 'team/app')).toBeUndefined();
  });

  it('is remembered, sorted, as long as there is room', () => {
    expect(withSource(info('team/b'), 'docker.io', 'team/a')).toEqual(info('team/a,team/b').labels);
    expect(withSource(info('team/a'), 'docker.io', 'team/a')).toBeUndefined();
    expect(withSource(info('x'.repeat(4090)), 'docker.io', 'team/a')).toBeUndefined();
  });
});

describe('what a manifest is called', () => {
  const place = { domain: 'example.com', path: 'a' };
  const digest = `sha256:${'1'.repeat(64)}`;

  it('is its tag, or its digest, which must be its own', () => {
    expect(manifestName({ ...place, tag: 'v1' }, digest)).toBe('v1');
    expect(manifestName({ ...place, digest }, digest)).toBe(digest);
    expect(() => manifestName({ ...place, digest }, `sha256:${'2'.repeat(64)}`)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'to' }),
    );
  });
});
