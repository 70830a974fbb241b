import { readFileSync } from 'node:fs';
import { frozen } from './frozen.js';

/** Capabilities to take and give. */
export interface CapabilityChange {
  readonly add?: readonly string[] | undefined;
  readonly drop?: readonly string[] | undefined;
}

/** All of Linux 5.9 and later, each at the place of its number (`linux/capability.h`). */
const names: readonly string[] = frozen(
  `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
  SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
  WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
  `
    .trim()
    .split(/\s+/)
    .map((name) => `CAP_${name}`),
);

export function isCapability(name: string): boolean {
  return names.includes(name);
}

/**
 * All that can be had on this machine: the bounding set of this process, which the daemon's is taken
 * to be like. A runtime fails to give what its daemon does not have.
 */
export function allCapabilities(): readonly string[] {
  const mask = boundingMask(readFileSync('/proc/self/status', 'utf8'));
  return names.filter((_, number) => mask === undefined || ((mask >> BigInt(number)) & 1n) === 1n);
}

function boundingMask(status: string): bigint | undefined {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex === undefined ? undefined : BigInt(`0x${hex}`);
}
