import { join } from 'node:path';
import { type DaemonOptions, startDaemon } from '@ctrd/client';
import { CtrdError, hasCode } from '@ctrd/client/core';
import { connectDaemon } from '../clients/daemon-client.js';
import type { LocalContext, LocalRun } from '../context.js';
import { printOne } from '../output/print.js';
import type { DaemonShape } from '../shapes.js';

interface StartFlags {
  readonly root: string;
  readonly containerd?: string;
  readonly logLevel?: NonNullable<DaemonOptions['logLevel']>;
  readonly foreground?: true;
}

/** Leaves the daemon running, or stays and keeps it running until a signal comes. */
export const daemonStart: LocalRun<StartFlags> = async (_args, flags, context) => {
  const { root, containerd, logLevel, foreground } = flags;
  const { signal } = context;
  const daemon = await startDaemon({ root, containerd, logLevel }, { signal });
  printOne(context, {
    ...{ address: daemon.address, root, pid: daemon.pid, log: daemon.logPath },
    takenOver: daemon.takenOver,
  });
  if (foreground !== true) return;
  // Nothing else keeps this process alive: the daemon is a process of its own.
  const awake = setInterval(() => {}, 1 << 30);
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      daemon.watch((state) => {
        process.stderr.write(`ctrd: the daemon is ${state}\n`);
        if (state === 'failed') reject(gaveUp(daemon.logPath));
      });
    });
  } finally {
    clearInterval(awake);
    await daemon.stop();
  }
};

export const daemonStop: LocalRun<{ root: string }> = async (_args, { root }, context) => {
  if ((await status(root, context)) === undefined) throw notRunning(root);
  // It is taken over, so that it is stopped as whoever started it would.
  const daemon = await startDaemon({ root }, { signal: context.signal });
  await daemon.stop();
};

export const daemonStatus: LocalRun<{ root: string }> = async (_args, { root }, context) => {
  const found = await status(root, context);
  if (found === undefined) throw notRunning(root);
  printOne(context, found);
};

async function status(root: string, { signal }: LocalContext): Promise<DaemonShape | undefined> {
  const address = join(root, 'containerd.sock');
  try {
    await using client = await connectDaemon({ address, namespace: 'default' }, signal, 2_000);
    const [{ version }, { pid }] = await Promise.all([
      client.version({ signal }),
      client.server({ signal }),
    ]);
    return { address, root, version, pid, log: join(root, 'containerd.log') };
  } catch (error) {
    if (hasCode(error, 'unavailable')) return undefined;
    throw error;
  }
}

function notRunning(root: string): CtrdError {
  return new CtrdError('no daemon runs there; start it with: ctrd daemon start', {
    code: 'not-found',
    reason: 'no-daemon',
    subject: root,
  });
}

function gaveUp(log: string): CtrdError {
  return new CtrdError(`the daemon ended too often; its log says why: ${log}`, {
    code: 'failed-precondition',
    reason: 'gave-up',
  });
}
