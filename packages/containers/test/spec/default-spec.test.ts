import type { ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultSpec } from '../../src/spec/index.js';
import { runtimeSchema } from './runtime-schema.js';

const spec = defaultSpec({ namespace: 'ci', id: 'job-1' });

describe('defaultSpec', () => {
  it('has the process of the Go client: no program, no environment, 14 capabilities', () => {
    const capabilities = (
      'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP ' +
      'NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    )
      .split(' ')
      .map((name) => `CAP_${name}`);
    expect(spec.process).toEqual({
      user: { uid: 0, gid: 0 },
      args: [],
      env: [],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 }],
      noNewPrivileges: true,
    });
  });

  it('has the mounts of the Go client, in their order', () => {
    expect(
      spec.mounts.map(({ destination, type, source, options }) =>
        [destination, type, source, options?.join()].join(' '),
      ),
    ).toEqual([
      '/proc proc proc nosuid,noexec,nodev',
      '/dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k',
      '/dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5',
      '/dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size=65536k',
      '/dev/mqueue mqueue mqueue nosuid,noexec,nodev',
      '/sys sysfs sysfs nosuid,noexec,nodev,ro',
      '/run tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k',
    ]);
  });

  it('isolates by five namespaces, masked and read-only paths and a cgroup of its own', () => {
    const { namespaces, cgroupsPath, maskedPaths, readonlyPaths } = spec.linux;
    expect(namespaces).toEqual(['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })));
    expect(cgroupsPath).toBe('/ci/job-1');
    expect(maskedPaths).toEqual([
      ...['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats'].map(
        (name) => `/proc/${name}`,
      ),
      ...['/proc/sched_debug', '/sys/firmware', '/sys/devices/virtual/powercap', '/proc/scsi'],
    ]);
    expect(readonlyPaths).toEqual(
      ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
    );
  });

  it('denies all devices but the harmless ones', () => {
    const rules = spec.linux.resources?.devices ?? [];
    expect(rules[0]).toEqual({ allow: false, access: 'rwm' });
    expect(
      rules
        .slice(1)
        .map(
          ({ allow, type, major, minor, access }) =>
            `${allow} ${type} ${major}:${minor ?? '*'} ${access}`,
        ),
    ).toEqual(
      ['1:3', '1:8', '1:7', '5:0', '1:5', '1:9', '5:1', '136:*', '5:2'].map(
        (number) => `true c ${number} rwm`,
      ),
    );
  });

  it('refuses what the seccomp profile does not name, and cannot be changed for others', () => {
    expect(spec.linux.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO');
    const mounts = spec.mounts as { destination: string }[];
    expect(() => mounts.push({ destination: '/evil' })).toThrow(TypeError);
    expect(defaultSpec({ namespace: 'ci', id: 'job-2' }).mounts).toHaveLength(7);
  });
});

describe.each(['bookworm', 'trixie'] as const)('the OCI schema of %s', (suite) => {
  let validate: ValidateFunction;
  beforeAll(async () => {
    validate = await runtimeSchema(suite);
  }, 120_000);

  it('accepts the default spec', () => {
    const accepted = validate({ ...spec, process: { ...spec.process, args: ['sh'] } });
    expect(validate.errors).toBeNull();
    expect(accepted).toBe(true);
  });

  it('rejects a spec with a mistake, so that it is known to look', () => {
    expect(validate({ ...spec, linux: { ...spec.linux, namespaces: [{ type: 'moon' }] } })).toBe(
      false,
    );
    expect(validate({ ...spec, mounts: [{ source: '/x' }] })).toBe(false);
  });
});
