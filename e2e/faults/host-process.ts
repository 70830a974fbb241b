import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerOptions, ExitMessage } from '@ctrd/containers';
import { build } from 'esbuild';

export interface HostSetup {
  readonly address: string;
  readonly namespace: string;
  readonly runtimeDir: string;
  /** The file that its handlers write exits to, one a line. */
  readonly ledger: string;
  /** The file that gets what containers print. */
  readonly output?: string | undefined;
  /** Whether its handlers never end. */
  readonly stuck?: boolean | undefined;
}

export type HostCommand =
  | { readonly do: 'create'; readonly options: ContainerOptions }
  | { readonly do: 'exec'; readonly id: string; readonly execId: string; readonly args: string[] }
  | { readonly do: 'start' | 'destroy'; readonly id: string }
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'recover' | 'close' };

export type HostReply =
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly error: string }
  | { readonly exit: ExitMessage }
  | { readonly stuck: string };

/** What `recover` answers of a container. */
export interface HostRecovered {
  readonly id: string;
  readonly recovered: boolean;
  readonly exit?: { readonly exitCode: number } | undefined;
  readonly error?: { readonly code: string; readonly reason?: string } | undefined;
}

/** The failure of a call whose host has died. */
export const hostEnded = 'the host has ended';

/** A host in a process of its own. */
export interface Host {
  readonly pid: number;
  /** Ids of containers whose handlers have begun and do not end. */
  readonly stuck: readonly string[];
  /** Rejects when the host fails to do it, or dies first. */
  send(command: HostCommand): Promise<unknown>;
  recover(): Promise<readonly HostRecovered[]>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Tells it to end; resolves with the signal that it has ended by. */
  end(signal: NodeJS.Signals): Promise<NodeJS.Signals | null>;
  /** Closes its client and lets it end. */
  close(): Promise<void>;
}

/** Bundles the host's program into a folder, so that a host starts at once. Gives its path. */
export async function bundleHost(folder: string): Promise<string> {
  const outfile = join(folder, 'host.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'host.ts')],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
    conditions: ['@ctrd/source'],
    // Dependencies in CommonJS load modules of Node by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** Starts a host and waits until it is connected. `env` is added to its environment. */
export async function startHost(
  program: string,
  setup: HostSetup,
  env: Readonly<Record<string, string>> = {},
): Promise<Host> {
  const child = fork(program, [JSON.stringify(setup)], {
    execArgv: [],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const stuck: string[] = [];
  const ended = once(child, 'exit');
  let last = 0;
  const expected = (number: number) =>
    new Promise<unknown>((resolve, reject) => waiting.set(number, { resolve, reject }));
  child.on('message', (reply: HostReply) => {
    if ('stuck' in reply) stuck.push(reply.stuck);
    if (!('number' in reply)) return;
    const call = waiting.get(reply.number);
    waiting.delete(reply.number);
    if ('error' in reply) call?.reject(new Error(reply.error));
    else call?.resolve(reply.result);
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error(hostEnded));
  });
  const ready = expected(0);
  await ready;
  const send = async (command: HostCommand): Promise<unknown> => {
    last += 1;
    const answer = expected(last);
    child.send({ number: last, command }, () => {});
    return await answer;
  };
  return {
    pid: child.pid ?? 0,
    stuck,
    send,
    recover: async () => (await send({ do: 'recover' })) as readonly HostRecovered[],
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async end(signal) {
      child.kill(signal);
      await ended;
      return child.signalCode;
    },
    async close() {
      await send({ do: 'close' }).catch(() => {});
      await ended;
    },
  };
}

/** The exits that handlers have written to a ledger. */
export async function readLedger(path: string): Promise<readonly ExitMessage[]> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as ExitMessage);
}
