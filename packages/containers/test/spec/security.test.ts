import { describe, expect, it } from 'vitest';
import {
  compose,
  defaultCapabilities,
  defaultSeccomp,
  defaultSpec,
  type RuntimeSpec,
  type Seccomp,
  withApparmor,
  withCapabilities,
  withPrivileged,
  withRootless,
  withSeccomp,
} from '../../src/spec/index.js';

const spec = defaultSpec({ namespace: 'ci', id: 'a' });

function names(profile: Seccomp | undefined): ReadonlySet<string> {
  const allowed = (profile?.syscalls ?? []).filter(({ action }) => action === 'SCMP_ACT_ALLOW');
  return new Set(allowed.flatMap((rule) => rule.names));
}

const bounding = (changed: RuntimeSpec) => changed.process.capabilities?.bounding ?? [];

describe('withCapabilities', () => {
  it('gives and takes in all three sets, by either form of the name', () => {
    const changed = withCapabilities({ add: ['net_admin'], drop: ['CAP_NET_RAW'] })(spec);
    const wanted = [
      ...defaultCapabilities.filter((name) => name !== 'CAP_NET_RAW'),
      'CAP_NET_ADMIN',
    ];
    for (const set of ['bounding', 'effective', 'permitted'] as const) {
      expect(changed.process.capabilities?.[set]).toEqual(wanted);
    }
    expect(changed.process.capabilities).not.toHaveProperty('ambient');
  });

  it('leaves the added ones alone when ALL are dropped', () => {
    expect(bounding(withCapabilities({ add: ['KILL'], drop: ['all'] })(spec))).toEqual([
      'CAP_KILL',
    ]);
    expect(bounding(withCapabilities({ drop: ['ALL'] })(spec))).toEqual([]);
  });

  it('leaves all but the dropped ones when ALL are added', () => {
    const all = bounding(withCapabilities({ add: ['ALL'], drop: ['KILL'] })(spec));
    expect(all).not.toContain('CAP_KILL');
    expect(all).toContain('CAP_CHOWN');
  });

  it('takes dropped ones from the ambient and inheritable sets too', () => {
    const { process } = spec;
    const capabilities = { ...process.capabilities, ambient: ['CAP_KILL', 'CAP_CHOWN'] };
    const given = { ...spec, process: { ...process, capabilities } };
    const changed = withCapabilities({ add: ['SYS_ADMIN'], drop: ['KILL'] })(given);
    expect(changed.process.capabilities?.ambient).toEqual(['CAP_CHOWN']);
  });

  it('takes the default seccomp profile along, also one that went through JSON', () => {
    const given: RuntimeSpec = JSON.parse(JSON.stringify(spec));
    expect(names(given.linux.seccomp).has('mount')).toBe(false);
    const changed = withCapabilities({ add: ['SYS_ADMIN'] })(given);
    expect(names(changed.linux.seccomp).has('mount')).toBe(true);
  });

  it('leaves a profile of one’s own, and none, as they are', () => {
    const own: Seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
    const change = withCapabilities({ add: ['SYS_ADMIN'] });
    expect(compose(withSeccomp(own), change)(spec).linux.seccomp).toEqual(own);
    expect(compose(withSeccomp('unconfined'), change)(spec).linux).not.toHaveProperty('seccomp');
  });
});

describe('defaultSeccomp', () => {
  it('names no call that changes the machine, and no io_uring', () => {
    const allowed = names(defaultSeccomp(defaultCapabilities));
    for (const name of ['mount', 'reboot', 'bpf', 'unshare', 'setns', 'kexec_load', 'add_key']) {
      expect(allowed.has(name)).toBe(false);
    }
    expect([...allowed].filter((name) => name.startsWith('io_uring'))).toEqual([]);
  });

  it('keeps sockets from the host of a virtual machine, and clone() from new namespaces', () => {
    const rules = defaultSeccomp(defaultCapabilities, 'x64').syscalls ?? [];
    const rule = (name: string) => rules.filter((other) => other.names.includes(name));
    expect(rule('socket')).toEqual([
      {
        ...{ names: ['socket'], action: 'SCMP_ACT_ALLOW' },
        args: [{ index: 0, value: 40, op: 'SCMP_CMP_NE' }],
      },
    ]);
    expect(rule('clone')[0]?.args?.[0]).toMatchObject({ index: 0, value: 0x7e020000, valueTwo: 0 });
    expect(rule('clone3')).toEqual([{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }]);
  });

  it('lets SYS_ADMIN clone at will', () => {
    const rules = defaultSeccomp(['CAP_SYS_ADMIN'], 'x64').syscalls ?? [];
    const clone = rules.filter((rule) => rule.names.includes('clone'));
    expect(clone).toHaveLength(1);
    expect(clone[0]).not.toHaveProperty('args');
  });

  it.each([
    ['x64', ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'], 'arch_prctl'],
    ['arm64', ['SCMP_ARCH_ARM', 'SCMP_ARCH_AARCH64'], 'sync_file_range2'],
    ['s390x', ['SCMP_ARCH_S390', 'SCMP_ARCH_S390X'], 's390_pci_mmio_read'],
  ])('knows %s', (architecture, architectures, call) => {
    const profile = defaultSeccomp([], architecture);
    expect(profile.architectures).toEqual(architectures);
    expect(names(profile).has(call)).toBe(true);
  });
});

describe('withPrivileged', () => {
  it('takes every protection away', () => {
    const { process, linux, mounts } = compose(withApparmor('strict'), withPrivileged())(spec);
    expect(process).not.toHaveProperty('apparmorProfile');
    expect(process.noNewPrivileges).toBe(false);
    expect(linux).not.toHaveProperty('seccomp');
    expect([linux.maskedPaths, linux.readonlyPaths]).toEqual([[], []]);
    expect(linux.resources?.devices).toEqual([{ allow: true, access: 'rwm' }]);
    const sys = mounts.find(({ destination }) => destination === '/sys');
    expect(sys?.options).toEqual(['nosuid', 'noexec', 'nodev', 'rw']);
  });
});

describe('withRootless', () => {
  it('asks for no cgroup and binds /sys', () => {
    const { linux, mounts } = withRootless()(spec);
    expect(linux).not.toHaveProperty('cgroupsPath');
    expect(linux).not.toHaveProperty('resources');
    expect(mounts.filter(({ type }) => type === 'sysfs')).toEqual([]);
    expect(mounts.find(({ destination }) => destination === '/sys')?.options).toContain('rbind');
  });
});
