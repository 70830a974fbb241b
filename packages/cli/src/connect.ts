import { CtrdError, createClient } from '@ctrd/client';
import type { CommandSpec } from './command-spec.js';
import type { Context, GlobalOptions } from './context.js';

/** Runs a command's work with a client that is closed afterwards, whatever happens. */
export async function withClient(
  options: GlobalOptions,
  spec: CommandSpec,
  exit: (code: number) => void,
  run: (context: Context) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = () =>
    interrupted.abort(new CtrdError('interrupted', { code: 'aborted', reason: 'interrupted' }));
  if (spec.forwardsSignals !== true) {
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
  }
  const {
    address,
    namespace = process.env['CONTAINERD_NAMESPACE'] || 'default',
    snapshotter,
  } = options;
  try {
    const { signal } = interrupted;
    await using client = await createClient({ address, namespace, snapshotter, signal });
    await run({ options, client, signal, namespace, exit });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
