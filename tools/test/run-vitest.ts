import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type RunResult, readJournal } from './journal.js';

const repository = resolve(import.meta.dirname, '../..');

/** Runs one project, or some files of it, in a process of its own that is stopped in time. */
export async function runVitest({
  project,
  files = [],
  timeoutMs,
}: {
  project: string;
  files?: readonly string[];
  timeoutMs: number;
}): Promise<RunResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-tests-'));
  const journal = join(folder, 'journal');
  try {
    const child = spawn(
      process.execPath,
      [
        join(repository, 'node_modules/vitest/vitest.mjs'),
        'run',
        ...['--project', project, '--passWithNoTests'],
        ...['--reporter=default', '--reporter=./tools/test/journal-reporter.ts'],
        ...files,
      ],
      {
        cwd: repository,
        stdio: ['ignore', 'pipe', 'pipe'],
        // A process group, so that its workers can be stopped with it.
        detached: true,
        env: { ...process.env, CTRD_TEST_JOURNAL: journal, NO_COLOR: '1' },
      },
    );
    const printed = [child.stdout, child.stderr].map((stream) => print(stream, project));
    const guard = guarded(child.pid ?? 0, timeoutMs);
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    const timedOut = guard.stop();
    // Something that the tests started may keep the pipes open.
    endGroup(child.pid ?? 0, 'SIGKILL');
    await Promise.all(printed);
    return await readJournal(journal, { exitCode, timedOut });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function print(stream: Readable, project: string): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if (line.trim() !== '') console.log(`[${project}] ${line}`);
  }
}

/** Interrupts a process group when the time is over, and kills it when that does not help. */
function guarded(pid: number, timeoutMs: number): { stop(): boolean } {
  let timedOut = false;
  const timers = [
    setTimeout(() => {
      timedOut = true;
      endGroup(pid, 'SIGTERM');
    }, timeoutMs),
    setTimeout(() => endGroup(pid, 'SIGKILL'), timeoutMs + 30_000),
  ];
  return {
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      return timedOut;
    },
  };
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // All have ended.
  }
}
