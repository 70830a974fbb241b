import { invalidArgument } from '@ctrd/core';
import type { NamespaceType, SpecChange, SpecDevice } from './runtime-spec.js';

/**
 * How each namespace is had: `host` shares the host's, `private` makes a new one, a path joins an
 * existing one. Those that are not named stay.
 */
export function withNamespaces(
  namespaces: Readonly<Partial<Record<NamespaceType, 'host' | 'private' | (string & {})>>>,
): SpecChange {
  for (const [type, how] of Object.entries(namespaces)) {
    if (how !== 'host' && how !== 'private' && !how?.startsWith('/')) {
      throw invalidArgument(`namespaces.${type}`, 'be host, private or an absolute path', how);
    }
  }
  return (spec) => {
    const others = spec.linux.namespaces.filter(({ type }) => namespaces[type] === undefined);
    const wanted = Object.entries(namespaces).flatMap(([name, how]) => {
      const type = name as NamespaceType;
      if (how === 'host') return [];
      return how === 'private' ? [{ type }] : [{ type, path: how as string }];
    });
    return { ...spec, linux: { ...spec.linux, namespaces: [...others, ...wanted] } };
  };
}

export function withHostname(hostname: string): SpecChange {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
    throw invalidArgument('hostname', 'be 1 to 63 letters, digits, dots and hyphens', hostname);
  }
  return (spec) => ({ ...spec, hostname });
}

/** Kernel settings of the container's namespaces: `net.ipv4.ip_forward`. */
export function withSysctls(sysctl: Readonly<Record<string, string>>): SpecChange {
  return (spec) => ({
    ...spec,
    linux: { ...spec.linux, sysctl: { ...spec.linux.sysctl, ...sysctl } },
  });
}

export function withAnnotations(annotations: Readonly<Record<string, string>>): SpecChange {
  return (spec) => ({ ...spec, annotations: { ...spec.annotations, ...annotations } });
}

/** Device nodes in the container, which it may read, write and make. */
export function withDevices(devices: readonly SpecDevice[]): SpecChange {
  return (spec) => ({
    ...spec,
    linux: {
      ...spec.linux,
      devices: [...(spec.linux.devices ?? []), ...devices],
      resources: {
        ...spec.linux.resources,
        devices: [
          ...(spec.linux.resources?.devices ?? []),
          ...devices.map(({ type, major, minor }) => ({
            ...{ allow: true, type, major, minor, access: 'rwm' },
          })),
        ],
      },
    },
  });
}

/** Paths that look empty, and paths that are read-only; each replaces the list there is. */
export function withPathProtection(paths: {
  readonly masked?: readonly string[];
  readonly readonly?: readonly string[];
}): SpecChange {
  return (spec) => ({
    ...spec,
    linux: {
      ...spec.linux,
      ...(paths.masked === undefined ? {} : { maskedPaths: [...paths.masked] }),
      ...(paths.readonly === undefined ? {} : { readonlyPaths: [...paths.readonly] }),
    },
  });
}
