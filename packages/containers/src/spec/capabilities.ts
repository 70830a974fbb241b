import { invalidArgument } from '@ctrd/core';
import { allCapabilities, type CapabilityChange, isCapability } from './capability-names.js';
import type { RuntimeSpec, SpecChange } from './runtime-spec.js';
import { defaultSeccomp, isDefaultSeccomp } from './seccomp.js';

/** What root in a container may do by default, as the Go client has it. */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/**
 * Drops, then adds capabilities. Names as `NET_ADMIN` or `CAP_NET_ADMIN`; `ALL` means every one.
 * The default seccomp profile follows: it allows what the capabilities are for.
 */
export function withCapabilities({ add = [], drop = [] }: CapabilityChange): SpecChange {
  const added = add.flatMap((name) => named(name, 'capabilities.add'));
  const dropped = new Set(drop.flatMap((name) => named(name, 'capabilities.drop')));
  return (spec) => {
    const before = spec.process.capabilities?.bounding ?? [];
    const kept = before.filter((name) => !dropped.has(name));
    return withCapabilityList(spec, [...kept, ...added.filter((name) => !kept.includes(name))]);
  };
}

function withCapabilityList(spec: RuntimeSpec, names: readonly string[]): RuntimeSpec {
  const list = [...new Set(names)];
  const { seccomp } = spec.linux;
  return {
    ...spec,
    process: {
      ...spec.process,
      capabilities: { bounding: list, effective: list, permitted: list },
    },
    linux: isDefaultSeccomp(seccomp)
      ? { ...spec.linux, seccomp: defaultSeccomp(list) }
      : spec.linux,
  };
}

function named(name: string, field: string): readonly string[] {
  const upper = String(name).toUpperCase();
  if (upper === 'ALL') return allCapabilities;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!isCapability(full)) throw invalidArgument(field, 'name capabilities of Linux, or ALL', name);
  return [full];
}
