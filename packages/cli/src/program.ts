import { Command, Option } from 'commander';
import type { CommandSpec } from './command-spec.js';
import { commands } from './commands/index.js';
import type { Call } from './connect.js';
import type { GlobalOptions, OutputFormat } from './context.js';

/** Does the work of a command. */
export type Invoke = (spec: CommandSpec, call: Omit<Call, 'exit'>) => Promise<void>;

/**
 * The command line as a whole. Only names, options and help texts are loaded for it; what a command
 * does is loaded when it is called.
 */
export function createProgram(invoke: Invoke, version: string): Command {
  const program = new Command('ctrd')
    .description('Containers on containerd.')
    .option('-a, --address <path>', "containerd's socket ($CONTAINERD_ADDRESS)")
    .option('-n, --namespace <name>', 'the namespace to work in ($CONTAINERD_NAMESPACE)')
    .option('--snapshotter <name>', 'the snapshotter to use ($CONTAINERD_SNAPSHOTTER)')
    .option('--context <name>', 'the context of the configuration file to use ($CTRD_CONTEXT)')
    .addOption(outputOption())
    .version(version, '-V, --version', 'print the version of ctrd')
    .enablePositionalOptions()
    .showHelpAfterError('(ctrd --help shows what there is)')
    .configureOutput({ outputError })
    .exitOverride();
  program.addHelpText(
    'after',
    examples([
      'ctrd run --rm -it docker.io/library/alpine sh',
      'ctrd ps -a',
      'ctrd -n k8s.io ps',
      'ctrd images -o json',
    ]),
  );
  for (const spec of commands) addCommand(program, program, spec, invoke);
  return program;
}

function addCommand(program: Command, parent: Command, spec: CommandSpec, invoke: Invoke): void {
  const command = parent
    .command(spec.usage, { hidden: spec.hidden === true })
    .description(spec.description)
    .exitOverride()
    .configureOutput({ outputError });
  command.showHelpAfterError(`(${wordsOf(command)} --help shows what there is)`);
  if (spec.alias !== undefined) command.alias(spec.alias);
  for (const option of spec.options ?? []) command.addOption(option);
  if (spec.prints === true) {
    command.addOption(outputOption());
    command.option('--format <format>', 'table, json, or a template such as {{.name}}');
  }
  if (spec.passThrough === true) command.passThroughOptions();
  if (spec.examples !== undefined) command.addHelpText('after', examples(spec.examples));
  for (const child of spec.commands ?? []) addCommand(program, command, child, invoke);
  if (!isCommand(spec)) return;
  command.action(async (...given: unknown[]) => {
    // commander hands over the arguments, then the options, then the command itself.
    const [options] = given.splice(-2) as [PrintFlags, Command];
    const args = given.flat().filter((arg): arg is string => typeof arg === 'string');
    const globals = program.opts<GlobalOptions>();
    await invoke(spec, { args, options, globals, print: printOptions(globals, options) });
  });
}

/** As all other errors are told. */
const outputError = (text: string, write: (text: string) => void) =>
  write(text.replace(/^error:/, 'ctrd:'));

/** How a command is called. */
function wordsOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${wordsOf(parent)} ${command.name()}`;
}

/** Whether it does something itself, and is not only there for its own commands. */
const isCommand = ({ load, loadDaemon, loadLocal }: CommandSpec): boolean =>
  load !== undefined || loadDaemon !== undefined || loadLocal !== undefined;

interface PrintFlags {
  readonly output?: OutputFormat;
  readonly format?: string;
}

function printOptions({ output }: GlobalOptions, flags: PrintFlags): Call['print'] {
  const { format } = flags;
  if (format === 'json' || format === 'table') return { output: format };
  return { output: flags.output ?? output ?? 'table', template: format };
}

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how results are printed').choices(['table', 'json']);
}

function examples(lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n');
}
