import type { Descriptor } from './descriptor.js';
import { normalizePlatform, type Platform } from './platform.js';

/**
 * How well an image's platform suits a machine: 0 is the best, `undefined` does not run. A machine
 * runs the images of its own variant and of those below it (containerd's `platforms.Only`).
 */
export function rankPlatform(machine: Platform, image: Platform): number | undefined {
  const wanted = normalizePlatform(machine);
  const offered = normalizePlatform(image);
  if (offered.os !== wanted.os) return undefined;
  const rank = runnable(wanted).indexOf(key(offered));
  return rank === -1 ? undefined : rank;
}

/**
 * The manifests of an index that run on a machine, the best first; equal ones stay in their order.
 * One that names no platform may be anything: it comes last.
 */
export function matchManifests(
  manifests: readonly Descriptor[],
  machine: Platform,
): readonly Descriptor[] {
  const unknown = Number.MAX_SAFE_INTEGER;
  return manifests
    .map((manifest) => ({
      manifest,
      rank: manifest.platform === undefined ? unknown : rankPlatform(machine, manifest.platform),
    }))
    .filter(({ rank, manifest }) => rank !== undefined && !isAttestation(manifest))
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    .map(({ manifest }) => manifest);
}

/** What BuildKit puts beside the images of an index: provenance, and lists of what is in them. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown')
  );
}

/** What a machine runs besides its own, in order of preference. */
function runnable(machine: Platform): readonly string[] {
  const { architecture, variant = '' } = machine;
  switch (architecture) {
    case 'amd64':
      return [...variantsDown('amd64', level(variant), 2), 'amd64/', '386/'];
    case 'arm':
      return variantsDown('arm', level(variant), 5);
    case 'arm64':
      return [...arm64Ladder(variant), ...variantsDown('arm', 8, 5)];
    default:
      return [key(machine)];
  }
}

function variantsDown(architecture: string, from: number, to: number): string[] {
  const variants: string[] = [];
  for (let version = from; version >= to; version--) variants.push(`${architecture}/v${version}`);
  return variants;
}

/** arm64 v9.x has all of v8.(x+5); each has what is below it. */
function arm64Ladder(variant: string): string[] {
  const [, major = '8', minor = '0'] = /^v(\d+)(?:\.(\d+))?$/.exec(variant) ?? [];
  const steps: string[] = [];
  if (Number(major) >= 9) {
    for (let at = Math.min(Number(minor), 5); at > 0; at--) steps.push(`arm64/v9.${at}`);
    steps.push('arm64/v9');
  }
  const eights = Number(major) >= 9 ? 5 + Number(minor) : Number(minor);
  for (let at = Math.min(eights, 10); at > 0; at--) steps.push(`arm64/v8.${at}`);
  return [...steps, 'arm64/'];
}

function level(variant: string): number {
  return Number(/^v(\d+)/.exec(variant)?.[1] ?? 1);
}

function key({ architecture, variant = '' }: Platform): string {
  return `${architecture}/${variant}`;
}
