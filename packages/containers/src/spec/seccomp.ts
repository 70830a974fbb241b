import { isDeepStrictEqual } from 'node:util';
import { invalidArgument } from '@ctrd/core';
import { checkTexts } from './check.js';
import type { Seccomp, SeccompRule, SpecChange } from './runtime-spec.js';
import {
  architectureNames,
  plainSyscalls,
  syscallsByArchitecture,
  syscallsByCapability,
} from './seccomp-syscalls.js';

/**
 * containerd's default profile (`contrib/seccomp`, 2.1): what it does not name fails with EPERM.
 * The Go client and `ctr` apply it on request only; here it is on unless turned off.
 */
export function defaultSeccomp(
  capabilities: readonly string[],
  architecture: string = process.arch,
): Seccomp {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: architectureNames[architecture] ?? [],
    syscalls: [
      allow(plainSyscalls),
      // Every family but AF_VSOCK (40), which would reach the host of a virtual machine.
      allow(['socket'], { index: 0, value: 40, op: 'SCMP_CMP_NE' }),
      ...personalities.map((value) =>
        allow(['personality'], { index: 0, value, op: 'SCMP_CMP_EQ' }),
      ),
      // Safe since Linux 4.8, which every kernel that runs this Node is.
      allow(['process_vm_readv', 'process_vm_writev', 'ptrace']),
      ...rulesOf(syscallsByArchitecture[architecture]),
      ...capabilities.flatMap((name) => rulesOf(syscallsByCapability[name])),
      ...(capabilities.includes('CAP_SYS_ADMIN') ? [] : withoutNewNamespaces(architecture)),
    ],
  };
}

/** Whether a profile is the default one of these capabilities, and so follows a change of them. */
export function isDefaultSeccomp(
  profile: Seccomp | undefined,
  capabilities: readonly string[],
): boolean {
  return isDeepStrictEqual(profile, defaultSeccomp(capabilities));
}

/** A profile of one's own, containerd's (`default`), or none at all (`unconfined`). */
export function withSeccomp(profile: Seccomp | 'default' | 'unconfined'): SpecChange {
  if (typeof profile === 'object') checkProfile(profile);
  else if (profile !== 'default' && profile !== 'unconfined') {
    throw invalidArgument('seccomp', 'be default, unconfined or a profile', profile);
  }
  return (spec) => {
    const { seccomp: _, ...linux } = spec.linux;
    if (profile === 'unconfined') return { ...spec, linux };
    const chosen =
      profile === 'default' ? defaultSeccomp(spec.process.capabilities?.bounding ?? []) : profile;
    return { ...spec, linux: { ...linux, seccomp: chosen } };
  };
}

function checkProfile({ defaultAction, syscalls = [] }: Seccomp): void {
  const rules = syscalls.map(({ action }, index) => [`syscalls[${index}].action`, action] as const);
  for (const [field, action] of [['defaultAction', defaultAction] as const, ...rules]) {
    if (typeof action !== 'string' || !action.startsWith('SCMP_ACT_')) {
      throw invalidArgument(`seccomp.${field}`, 'be a SCMP_ACT_ name', action);
    }
  }
  for (const [index, { names }] of syscalls.entries()) {
    checkTexts(`seccomp.syscalls[${index}].names`, names);
    if (names.length === 0)
      throw invalidArgument(`seccomp.syscalls[${index}].names`, 'not be empty');
  }
}

const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const namespaceFlags = 0x7e020000;

const errnoNoSystemCall = 38;

/** clone() without new namespaces; clone3(), whose flags cannot be looked at, seems not to exist. */
function withoutNewNamespaces(architecture: string): readonly SeccompRule[] {
  const index = architecture === 's390x' ? 1 : 0;
  return [
    allow(['clone'], { index, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: errnoNoSystemCall },
  ];
}

function rulesOf(names: readonly string[] | undefined): readonly SeccompRule[] {
  return names === undefined ? [] : [allow(names)];
}

function allow(names: readonly string[], ...args: NonNullable<SeccompRule['args']>): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args.length > 0 ? { args } : {}) };
}
