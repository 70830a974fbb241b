import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPlatform, hostPlatform, parsePlatform } from '../../src/oci/platform.js';
import { matchManifests, rankPlatform } from '../../src/oci/platform-match.js';

const entry = (platform: string | undefined, annotations?: Record<string, string>) => ({
  ...{ mediaType: 'm', digest: platform ?? 'none', size: 1, annotations },
  platform:
    platform === undefined
      ? undefined
      : (([os = '', architecture = '', variant]) => ({ os, architecture, variant }))(
          platform.split('/'),
        ),
});

describe('a platform', () => {
  it.each([
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['Linux/AArch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['macos/arm64', 'darwin/arm64'],
  ])('%s is %s', (text, normal) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normal);
  });

  it.each(['', 'linux', '/', 'linux/', 'a/b/c/d', 'linux/amd 64', 'linux/ä'])(
    'is not %j',
    (text) => {
      expect(() => parsePlatform(text)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', field: 'platform' }),
      );
    },
  );

  it('is the same after it was written and read', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,8}$/);
    fc.assert(
      fc.property(word, word, fc.option(word), (os, architecture, variant) => {
        const text =
          variant === null ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
        const once = formatPlatform(parsePlatform(text));
        expect(formatPlatform(parsePlatform(once))).toBe(once);
      }),
    );
  });

  it('of this machine runs on this machine', () => {
    expect(rankPlatform(hostPlatform(), hostPlatform())).toBe(0);
  });
});

describe('what runs on a machine', () => {
  it.each([
    [
      'linux/amd64',
      ['linux/amd64', 'linux/386'],
      ['linux/arm64', 'linux/amd64/v2', 'windows/amd64'],
    ],
    [
      'linux/amd64/v3',
      ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64', 'linux/386'],
      ['linux/amd64/v4'],
    ],
    ['linux/arm/v7', ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'], ['linux/arm64']],
    ['linux/arm/v6', ['linux/arm/v6', 'linux/arm/v5'], ['linux/arm/v7']],
    [
      'linux/arm64',
      ['linux/arm64', 'linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
      ['linux/amd64', 'linux/arm64/v9'],
    ],
    ['linux/s390x', ['linux/s390x'], ['linux/amd64']],
  ])('of %s is, the best first, %j, but not %j', (machine, runs, others) => {
    // Given in another order, with what does not run between.
    const offered = [...others, ...[...runs].reverse()].map((platform) => entry(platform));
    const found = matchManifests(offered, parsePlatform(machine));
    expect(found.map(({ digest }) => digest)).toEqual(runs);
  });

  it('is what names no platform as well, when nothing better is there', () => {
    const offered = [entry(undefined), entry('linux/arm64'), entry('linux/amd64')];
    const found = matchManifests(offered, parsePlatform('linux/amd64'));
    expect(found.map(({ digest }) => digest)).toEqual(['linux/amd64', 'none']);
  });

  it('is never an attestation', () => {
    const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const offered = [entry('unknown/unknown'), entry('linux/amd64', attestation)];
    expect(matchManifests(offered, parsePlatform('linux/amd64'))).toEqual([]);
  });

  it('keeps its order among equals', () => {
    const offered = ['a', 'b', 'c'].map((digest) => ({ ...entry('linux/amd64'), digest }));
    expect(matchManifests(offered, parsePlatform('linux/amd64'))).toEqual(offered);
  });
});
