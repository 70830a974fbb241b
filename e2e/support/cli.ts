import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { bundleCli } from './bundle-cli.js';
import type { TestDaemon } from './daemon.js';

/** What a run of the command printed, and how it ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The `ctrd` command as users have it: bundled. */
export interface Cli extends AsyncDisposable {
  /** Runs it to its end, with its input if any. */
  run(
    args: readonly string[],
    options?: { input?: string | Buffer; env?: NodeJS.ProcessEnv },
  ): Promise<CliResult>;
  /** Starts it and leaves its streams to the test. */
  start(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): ChildProcessByStdio<Writable, Readable, Readable>;
  /** What its environment has more than ours. */
  readonly env: Readonly<Record<string, string>>;
  /** The words of a shell command that runs it. */
  shell(args: readonly string[]): string;
}

/** Bundles the command from the sources, for tests against one daemon and namespace. */
export async function bundledCli(daemon: TestDaemon, namespace: string): Promise<Cli> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-cli-'));
  const program = await bundleCli(folder);
  const env = {
    CONTAINERD_ADDRESS: daemon.address,
    CONTAINERD_NAMESPACE: namespace,
    CTRD_CONFIG: join(folder, 'config.json'),
    CTRD_LOG_DIR: join(folder, 'logs'),
    // Where the oracle looks for what is left.
    CTRD_RUNTIME_DIR: daemon.runtimeDir,
    DOCKER_CONFIG: join(folder, 'docker'),
  };
  const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  return {
    start,
    env,
    async run(args, { input, env } = {}) {
      const child = start(args, env);
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      const ended = new Promise<number>((resolve) => {
        child.on('close', (code) => resolve(code ?? -1));
      });
      const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
      return {
        exitCode: await ended,
        stdout: stdout.toString(),
        stderr: stderr.toString(),
      };
    },
    shell: (args) => [process.execPath, program, ...args].map((word) => `'${word}'`).join(' '),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
