import type { CommandSpec } from './command-spec.js';
import { readConfig } from './config-file.js';
import type {
  DaemonRun,
  GlobalOptions,
  LocalContext,
  LocalRun,
  PrintOptions,
  Run,
} from './context.js';
import { settingsOf } from './settings.js';
import { relaySignals, type SignalRelay } from './terminal/signals.js';

/** One call of a command. */
export interface Call {
  readonly args: readonly string[];
  readonly options: object;
  readonly globals: GlobalOptions;
  readonly print: PrintOptions;
  exit(code: number): void;
}

/** Does a command's work, with as much of a client as it needs, closed afterwards, whatever happens. */
export async function runCommand(spec: CommandSpec, call: Call): Promise<void> {
  using signals = relaySignals();
  // Whatever came of a command whose output went nowhere, that is why.
  await runWith(signals, spec, call).finally(() => signals.throwIfLost());
}

async function runWith(signals: SignalRelay, spec: CommandSpec, call: Call): Promise<void> {
  const { print, exit, args, options } = call;
  const { signal } = signals;
  const settings = settingsOf(call.globals, process.env, await readConfig());
  const local: LocalContext = { ...settings, print, exit, signal, signals };
  if (spec.loadLocal !== undefined) {
    const run = (await spec.loadLocal()) as LocalRun<object>;
    await run(args, options, local);
    return;
  }
  if (spec.loadDaemon !== undefined) {
    const [{ connectDaemon }, run] = await Promise.all([
      import('./clients/daemon-client.js'),
      spec.loadDaemon() as Promise<DaemonRun<object>>,
    ]);
    await using client = await connectDaemon(settings, signal);
    await run(args, options, { ...local, client });
    return;
  }
  const [{ connectAll }, run] = await Promise.all([
    import('./clients/full-client.js'),
    spec.load?.() as Promise<Run<object>>,
  ]);
  await using client = await connectAll(settings, options, {
    signal,
    sweeps: spec.sweeps === true,
    transient: spec.transient === true,
  });
  await run(args, options, { ...local, client });
}
