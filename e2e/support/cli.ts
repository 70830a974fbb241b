import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'vitest';
import type { TestDaemon } from './daemon.js';
import { busyboxName } from './image.js';
import { openTerminal, type Terminal } from './terminal.js';

/** What a run of the command printed, and how it ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface CliRun {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What it has printed so far. */
  readonly shown: { stdout: string; stderr: string };
  readonly ended: Promise<CliResult>;
}

export interface RunOptions {
  /** What it reads. Default: nothing. */
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
}

/** The `ctrd` command as users have it, bundled, on one daemon and in one namespace. */
export type Cli = ReturnType<typeof cliIn>;

/** In a new folder, into which `bundleCli` is to put the program. */
export function cliIn(daemon: TestDaemon, namespace: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ctrd-cli-'));
  // Started as a shell does: how it starts Node is part of it.
  const program = join(folder, 'bin/ctrd.js');
  const env = {
    CONTAINERD_ADDRESS: daemon.address,
    CONTAINERD_NAMESPACE: namespace,
    CTRD_CONFIG: join(folder, 'config.json'),
    CTRD_LOG_DIR: join(folder, 'logs'),
    // Where the oracle looks for what is left.
    CTRD_RUNTIME_DIR: daemon.runtimeDir,
    DOCKER_CONFIG: join(folder, 'docker'),
  };

  /** Starts it and leaves its streams to the test. */
  function spawnIt(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    return spawn(program, args, {
      env: { ...process.env, ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Starts it, and keeps what it prints. */
  function start(args: readonly string[], { input, env }: RunOptions = {}): CliRun {
    const child = spawnIt(args, env);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const shown = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        shown[name] += text;
      });
    }
    const ended = new Promise<CliResult>((resolve) => {
      child.on('close', (code) => resolve({ exitCode: code ?? -1, ...shown }));
    });
    return { child, shown, ended };
  }

  /** Runs it to its end. */
  const run = (args: readonly string[], options?: RunOptions): Promise<CliResult> =>
    start(args, options).ended;

  /** Runs what must succeed, and gives what it printed. */
  async function ok(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ args, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      ...{ args, exitCode: 0, stderr: '' },
    });
    return stdout;
  }

  return {
    ...{ folder, env, spawn: spawnIt, start, run, ok },
    /** Runs what must succeed and print JSON. */
    json: async (...args: string[]) => JSON.parse(await ok(...args)),
    /** Runs a script as a container in the background, under a name. */
    async detached(name: string, script: string, ...options: string[]): Promise<void> {
      const line = ['run', '-d', '--name', name, ...options, busyboxName, 'sh', '-c', script];
      expect(await run(line)).toEqual({ exitCode: 0, stdout: `${name}\n`, stderr: '' });
    },
    remove: (...names: string[]) => ok('rm', '-f', '-t', '0', ...names),
    /** The words of a shell command that runs it. */
    shell,
    /** Runs it in a terminal. */
    terminal: (
      args: readonly string[],
      options: Parameters<typeof openTerminal>[1] = {},
    ): Promise<Terminal> =>
      openTerminal(shell(args), { ...options, env: { ...env, ...options.env } }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };

  function shell(args: readonly string[]): string {
    return [program, ...args].map((word) => `'${word}'`).join(' ');
  }
}
