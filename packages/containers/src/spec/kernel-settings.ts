import { invalidArgument } from '@ctrd/core';
import { checkTextMap } from './check.js';
import type { SpecChange } from './runtime-spec.js';

/** The name that the container has for itself. It needs a UTS namespace of its own. */
export function withHostname(hostname: string): SpecChange {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
    throw invalidArgument('hostname', 'be 1 to 63 letters, digits, dots and hyphens', hostname);
  }
  return (spec) => ({ ...spec, hostname });
}

/** Kernel settings of the container's namespaces: `{ 'net.ipv4.ip_forward': '1' }`. */
export function withSysctls(sysctls: Readonly<Record<string, string>>): SpecChange {
  checkTextMap('sysctls', sysctls);
  for (const name of Object.keys(sysctls)) {
    if (!/^[\w-]+([./][\w-]+)+$/.test(name)) {
      throw invalidArgument('sysctls', 'have names such as net.ipv4.ip_forward', name);
    }
  }
  return (spec) => ({
    ...spec,
    linux: { ...spec.linux, sysctl: { ...spec.linux.sysctl, ...sysctls } },
  });
}

/** Texts for the runtime and its hooks. */
export function withAnnotations(annotations: Readonly<Record<string, string>>): SpecChange {
  checkTextMap('annotations', annotations);
  return (spec) => ({ ...spec, annotations: { ...spec.annotations, ...annotations } });
}
