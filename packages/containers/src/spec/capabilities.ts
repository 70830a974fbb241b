import { invalidArgument } from '@ctrd/core';
import { allCapabilities, type CapabilityChange, isCapability } from './capability-names.js';
import { checkTexts } from './check.js';
import { frozen } from './frozen.js';
import type { RuntimeSpec, SpecChange } from './runtime-spec.js';
import { defaultSeccomp, isDefaultSeccomp } from './seccomp.js';

/** What root in a container may do by default, as the Go client has it. */
export const defaultCapabilities: readonly string[] = frozen([
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
]);

/**
 * Takes and gives capabilities, named as `NET_ADMIN` or `CAP_NET_ADMIN`. With `ALL` added, the
 * container has all of the machine's but the dropped ones; with `ALL` dropped, it has the added ones alone; else
 * the added ones win. The default seccomp profile follows: it allows what they are for.
 *
 * Ambient and inheritable capabilities are only ever taken away, never given.
 */
export function withCapabilities({ add = [], drop = [] }: CapabilityChange): SpecChange {
  const added = namesOf(add, 'capabilities.add');
  const dropped = namesOf(drop, 'capabilities.drop');
  if (added === 'all' && dropped === 'all') {
    throw invalidArgument('capabilities', 'not both add and drop ALL');
  }
  return (spec) => {
    const before = spec.process.capabilities?.bounding ?? [];
    if (added === 'all')
      return withBounding(
        spec,
        allCapabilities().filter((name) => !dropped.includes(name)),
      );
    const taken = dropped === 'all' ? before : dropped;
    const kept = before.filter((name) => added.includes(name) || !taken.includes(name));
    return withBounding(spec, [...new Set([...kept, ...added])]);
  };
}

function withBounding(spec: RuntimeSpec, bounding: readonly string[]): RuntimeSpec {
  const { capabilities: before = {}, ...process } = spec.process;
  const { inheritable, ambient } = before;
  const still = (names: readonly string[]) => names.filter((name) => bounding.includes(name));
  const { seccomp } = spec.linux;
  return {
    ...spec,
    process: {
      ...process,
      capabilities: {
        ...{ bounding, effective: bounding, permitted: bounding },
        ...(inheritable === undefined ? {} : { inheritable: still(inheritable) }),
        ...(ambient === undefined ? {} : { ambient: still(ambient) }),
      },
    },
    linux: isDefaultSeccomp(seccomp, before.bounding ?? [])
      ? { ...spec.linux, seccomp: defaultSeccomp(bounding) }
      : spec.linux,
  };
}

function namesOf(given: readonly string[], field: string): readonly string[] | 'all' {
  checkTexts(field, given);
  const upper = given.map((name) => name.toUpperCase());
  const full = upper.map((name) => (name.startsWith('CAP_') ? name : `CAP_${name}`));
  const wrong = full.findIndex((name) => name !== 'CAP_ALL' && !isCapability(name));
  if (wrong >= 0) throw invalidArgument(field, 'name capabilities of Linux, or ALL', given[wrong]);
  return full.includes('CAP_ALL') ? 'all' : full;
}
