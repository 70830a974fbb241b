import { readFile, readlink } from 'node:fs/promises';

/**
 * A process, told apart from a later one with the same id, and from one with the same id in another
 * process namespace, as a part of a file's name.
 */
export async function ownerName(): Promise<string> {
  return `${await pidNamespace()}-${process.pid}-${await startTime(process.pid)}`;
}

/** Whether a name that starts as {@link ownerName} says is of a process of this namespace that is gone. */
export async function isAbandoned(name: string): Promise<boolean> {
  const [space, pid, started] = /^(\d+)-(\d+)-(\d+)-/.exec(name)?.slice(1) ?? [];
  if (space === undefined || space !== (await pidNamespace())) return false;
  return (await startTime(Number(pid))) !== started;
}

async function pidNamespace(): Promise<string> {
  // `pid:[4026531836]`
  return (await readlink('/proc/self/ns/pid')).replace(/\D/g, '');
}

/** Clock ticks since boot at which a process started; `0` for none and for one that has ended. */
async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '0' : (fields[19] ?? '0');
  } catch {
    return '0';
  }
}
