import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** What a process took, from its start to its end. */
export interface ProcessUse {
  readonly ms: number;
  /** Of all its threads, by the kernel's clock of 10 ms; its children are not in it. */
  readonly cpuMs: number;
  /** The most memory that was its own at once (`VmHWM`). */
  readonly peakMiB: number;
  /** What it has printed. */
  readonly output: string;
}

/** How often the kernel is asked: what a process does in its last moment is not seen. */
const intervalMs = 5;
const msPerTick = 10;

/** Runs a program to its end, without a shell. Throws when it fails. */
export async function runProcess(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessUse> {
  const begin = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let ms: number | undefined;
  child.once('exit', () => {
    ms = performance.now() - begin;
  });
  const use = { cpuMs: 0, peakMiB: 0 };
  while (ms === undefined && child.pid !== undefined) {
    Object.assign(use, await read(child.pid));
    await wait(intervalMs);
  }
  const [code] = await closed;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
  return { ms: ms ?? Number.NaN, ...use, output };
}

/** Nothing, when the process has ended. */
async function read(pid: number): Promise<Partial<Pick<ProcessUse, 'cpuMs' | 'peakMiB'>>> {
  try {
    const [stat, status] = await Promise.all(
      ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    // After the name in brackets, which may have blanks in it.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
    if (peak === undefined) return {};
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuMs: ticks * msPerTick, peakMiB: Number(peak) / 1024 };
  } catch {
    return {};
  }
}
