import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Owner, OwnerState } from './owner.js';

/**
 * A process: the machine's boot, its process namespace, its id and the time of its start tell it
 * apart from a later one with the same id. The last part tells clients of one process apart.
 */
interface ProcessId {
  readonly boot: string;
  readonly space: string;
  readonly pid: string;
  readonly started: string;
}

/** This process as an owner. Its things are its own as long as it lives, whatever client made them. */
export function processOwner(): Owner {
  const own = thisProcess();
  const { boot, space, pid, started } = own;
  return {
    id: [boot, space, pid, started, randomBytes(4).toString('hex')].join('-'),
    state: async (id) => stateOf(id, own),
  };
}

function stateOf(id: string, own: ProcessId): OwnerState {
  const [boot, space, pid, started] =
    /^([0-9a-f]+)-(\d+)-(\d+)-(\d+)-[0-9a-f]+$/.exec(id)?.slice(1) ?? [];
  if (pid === undefined || own.started === '0') return 'unknown';
  // No process outlives its boot. Of another process namespace, nothing can be said from here.
  if (boot !== own.boot) return 'dead';
  if (space !== own.space) return 'unknown';
  return startTime(pid) === started ? 'alive' : 'dead';
}

/** Read at once: a few bytes of the kernel's, not of a disk. Zeros where there is no `/proc`. */
function thisProcess(): ProcessId {
  const boot = read('/proc/sys/kernel/random/boot_id').replaceAll('-', '').trim().slice(0, 12);
  return {
    boot: boot || '0',
    space: processNamespace(),
    pid: String(process.pid),
    started: startTime('self'),
  };
}

function processNamespace(): string {
  try {
    // `pid:[4026531836]`
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
}

/** Clock ticks since boot at which a process started; `0` for none and for one that has ended. */
function startTime(pid: string): string {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '0' : (fields[19] ?? '0');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
