import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Setting } from './bench.js';

export interface WatchingSetup {
  readonly address: string;
  readonly namespace: string;
  readonly runtimeDir: string;
  readonly exits: 'wait' | 'events';
}

/** What a watching client says, a line each. */
export type Said =
  /** All that it was told to watch is watched. */
  | { readonly is: 'watching'; readonly id: '' }
  /** Bytes of its memory that are in use, after a garbage collection. */
  | { readonly is: 'heap'; readonly id: ''; readonly bytes: number }
  /** A container has ended, and when that was known: nanoseconds of the monotonic clock. */
  | { readonly is: 'exit'; readonly id: string; readonly at: string }
  /** It has removed the container's task. */
  | { readonly is: 'done'; readonly id: string };

/** With the CPU time that it has taken so far. */
type Line = Said & { readonly cpuUs: number };

/** A client in a process of its own that watches containers. */
export interface Watching extends AsyncDisposable {
  readonly pid: number;
  /** Watches these as well. Gives the microseconds of CPU time that it took. */
  watch(ids: readonly string[]): Promise<number>;
  /** Bytes of its memory that are in use. */
  heap(): Promise<number>;
  /** Ends a container: how many milliseconds later it was known here, and the CPU time for it. */
  end(id: string, kill: () => void): Promise<{ readonly ms: number; readonly cpuUs: number }>;
  /** Stops it, so that it takes no CPU time, and lets it go on. */
  pause(): void;
  resume(): void;
}

/** Bundles the watching client, so that it takes no memory but its own. Gives its path. */
export async function bundleWatchingClient(folder: string): Promise<string> {
  const outfile = join(folder, 'watching-client.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../peers/watching-client.ts')],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
    conditions: ['@ctrd/source'],
    // Dependencies in CommonJS load modules of Node by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** A client of ctrd with one of its strategies. */
export function watchingClient(program: string, setup: WatchingSetup): Watching {
  return watching(spawn(process.execPath, ['--expose-gc', program, JSON.stringify(setup)], stdio));
}

/** The Go client. */
export function watchingGo(program: string, { daemon, namespace }: Setting): Watching {
  const flags = ['-address', daemon.address, '-namespace', namespace];
  return watching(spawn(program, ['watch', ...flags], stdio));
}

const stdio = { stdio: ['pipe', 'pipe', 'inherit'] as ['pipe', 'pipe', 'inherit'] };

function watching(child: ChildProcess): Watching {
  const expected = new Set<{ take(line: Line): boolean; fail(error: Error): void }>();
  const ended = once(child, 'exit').then(() => {
    for (const { fail } of expected) fail(new Error('a watching client has ended'));
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      for (const each of expected) if (each.take(line)) expected.delete(each);
    });
  }
  function next<Is extends Said['is']>(is: Is, id = ''): Promise<Extract<Line, { is: Is }>> {
    return new Promise((resolve, fail) => {
      const take = (line: Line) => {
        if (line.is !== is || line.id !== id) return false;
        resolve(line as Extract<Line, { is: Is }>);
        return true;
      };
      expected.add({ take, fail });
    });
  }
  let cpuUs = 0;
  const used = (line: Line) => {
    const since = line.cpuUs - cpuUs;
    cpuUs = line.cpuUs;
    return since;
  };

  return {
    pid: child.pid ?? 0,
    async watch(ids) {
      const watching = next('watching');
      child.stdin?.write(`${JSON.stringify(ids)}\n`);
      return used(await watching);
    },
    async heap() {
      const heap = next('heap');
      child.stdin?.write('"heap"\n');
      const line = await heap;
      used(line);
      return line.bytes;
    },
    async end(id, kill) {
      const exited = next('exit', id);
      const removed = next('done', id);
      const began = process.hrtime.bigint();
      kill();
      const [exit, done] = await Promise.all([exited, removed]);
      return { ms: Number(BigInt(exit.at) - began) / 1e6, cpuUs: used(done) };
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
