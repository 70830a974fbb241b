import { readFile, readlink } from 'node:fs/promises';

/**
 * Names this process so that a later one with the same id is told apart, and one with the same id
 * in another process namespace.
 */
export async function ownIdentity(): Promise<string> {
  return `${process.pid} ${(await startTime(process.pid)) ?? ''} ${await pidNamespace()}`;
}

/** Whether an identity is that of a process of this namespace that is gone. */
export async function isGone(identity: string): Promise<boolean> {
  const [pid = '', started, space] = identity.trim().split(' ');
  if (!/^\d+$/.test(pid) || space !== (await pidNamespace())) return false;
  return (await startTime(Number(pid))) !== started;
}

/** When a process started, in clock ticks since boot; `undefined` for none and for a zombie. */
export async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function pidNamespace(): Promise<string> {
  return await readlink('/proc/self/ns/pid');
}
