import { invalidArgument } from '@ctrd/core';

/** What an image runs on, in Go's words: `linux`, `amd64`, `v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
}

/** Reads `linux/arm64` or `linux/arm/v7`. Throws `invalid-argument` with the field `platform`. */
export function parsePlatform(text: string): Platform {
  const parts = typeof text === 'string' ? text.split('/') : [];
  const [os = '', architecture = '', variant] = parts;
  if (
    parts.length < 2 ||
    parts.length > 3 ||
    !parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))
  ) {
    throw invalidArgument('platform', 'be os/architecture or os/architecture/variant', text);
  }
  return normalizePlatform({ os, architecture, variant });
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The platform of this machine. It is the daemon's as well, since the two share a disk. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: process.platform, architecture: process.arch });
}

/** The usual word for each part, so that platforms can be compared (containerd's `platforms`). */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normalizeArchitecture(
    platform.architecture.toLowerCase(),
    platform.variant?.toLowerCase() || undefined,
  );
  return {
    os: os === 'macos' ? 'darwin' : os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(platform.osVersion === undefined ? {} : { osVersion: platform.osVersion }),
  };
}

type ArchitectureAndVariant = readonly [architecture: string, variant: string | undefined];

function normalizeArchitecture(
  architecture: string,
  variant: string | undefined,
): ArchitectureAndVariant {
  switch (architecture) {
    case 'x86_64':
    case 'x86-64':
    case 'x64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? undefined : variant];
    case 'i386':
    case 'ia32':
    case '386':
      return ['386', undefined];
    case 'aarch64':
    case 'arm64':
      return ['arm64', variant === '8' || variant === 'v8' ? undefined : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', variant === undefined ? 'v7' : variant.replace(/^(?=\d)/, 'v')];
    default:
      return [architecture, variant];
  }
}
