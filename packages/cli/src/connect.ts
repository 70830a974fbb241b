import { createClient } from '@ctrd/client';
import type { CommandSpec } from './command-spec.js';
import { readConfig } from './config-file.js';
import type { GlobalOptions, LocalContext, LocalRun, PrintOptions, Run } from './context.js';
import { settingsOf } from './settings.js';
import { relaySignals } from './terminal/signals.js';

/** One call of a command. */
export interface Call {
  readonly args: readonly string[];
  readonly options: object;
  readonly globals: GlobalOptions;
  readonly print: PrintOptions;
  exit(code: number): void;
}

/** Does a command's work, with a client that is closed afterwards, whatever happens. */
export async function runCommand(spec: CommandSpec, call: Call): Promise<void> {
  using signals = relaySignals();
  const { print, exit, args, options } = call;
  const { signal } = signals;
  const settings = settingsOf(call.globals, process.env, await readConfig());
  const local: LocalContext = { ...settings, print, exit, signal, signals };
  if (spec.loadLocal !== undefined) {
    const run = (await spec.loadLocal()) as LocalRun<object>;
    await run(args, options, local);
    return;
  }
  const run = (await spec.load?.()) as Run<object>;
  // The platform of a command is that of all it does: `run` looks for the image that was pulled.
  const { platform } = options as { readonly platform?: string };
  await using client = await createClient({ ...settings, images: { platform }, signal });
  await run(args, options, { ...local, client });
}
