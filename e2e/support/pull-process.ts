import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CtrdError } from '@ctrd/core';
import type { ImageInfo, PullProgress } from '@ctrd/images';
import type { TestDaemon } from './daemon.js';

export interface PullProcessOptions {
  readonly puller?: 'registry' | 'transfer' | undefined;
  readonly snapshotter?: string | undefined;
  readonly platform?: string | undefined;
  readonly idleTimeoutMs?: number | undefined;
  /** Reaches the registry over TLS, though it is on this machine. */
  readonly https?: boolean | undefined;
}

export type PullOutcome =
  | { readonly image: ImageInfo }
  | { readonly error: Pick<CtrdError, 'code' | 'reason' | 'message'> };

export type PullStep = Pick<PullProgress, 'ref' | 'status' | 'offset' | 'total'>;

/** A process of its own that pulls one image: it may be killed, or have an environment of its own. */
export interface PullProcess extends AsyncDisposable {
  /** The steps so far. */
  readonly steps: readonly PullStep[];
  /** Resolves when the first layer is on its way, or the process has ended. */
  readonly begun: Promise<void>;
  /** What came of it; `undefined` when it was killed. */
  readonly outcome: Promise<PullOutcome | undefined>;
  kill(): Promise<void>;
}

export function pullProcess(
  { address }: Pick<TestDaemon, 'address'>,
  namespace: string,
  reference: string,
  { env, ...options }: PullProcessOptions & { readonly env?: NodeJS.ProcessEnv } = {},
): PullProcess {
  const script = fileURLToPath(new URL('pull-once.ts', import.meta.url));
  const node = ['--conditions=@ctrd/source', '--import', 'tsx', script];
  const job = JSON.stringify({ address, namespace, reference, options });
  const child = spawn(process.execPath, [...node, job], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'close');
  const steps: PullStep[] = [];
  let result: PullOutcome | undefined;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const told = JSON.parse(line) as PullStep | PullOutcome;
    if (!('ref' in told)) {
      result = told;
      return;
    }
    steps.push(told);
    if (told.ref.startsWith('layer-') && told.status === 'downloading') begin();
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    steps,
    begun: Promise.race([begun, ended.then(() => {})]),
    outcome: ended.then(() => result),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
