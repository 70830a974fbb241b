import { Command, Option } from 'commander';
import type { CommandSpec } from './command-spec.js';
import { commands } from './commands/index.js';
import type { GlobalOptions, Run } from './context.js';

/**
 * The command line as a whole. Only names, options and help texts are loaded for it; what a command
 * does is loaded when it is called.
 */
export function createProgram(exit: (code: number) => void): Command {
  const program = new Command('ctrd')
    .description('Containers on containerd.')
    .option('-a, --address <path>', "containerd's socket ($CONTAINERD_ADDRESS)")
    .option('-n, --namespace <name>', 'the namespace to work in ($CONTAINERD_NAMESPACE)')
    .option('--snapshotter <name>', 'the snapshotter to use ($CONTAINERD_SNAPSHOTTER)')
    .addOption(
      new Option('-o, --output <format>', 'how lists are printed')
        .choices(['table', 'json'])
        .default('table'),
    )
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  program.addHelpText(
    'after',
    examples(['ctrd run --rm -it docker.io/library/alpine sh', 'ctrd ps']),
  );
  for (const spec of commands) addCommand(program, program, spec, exit);
  return program;
}

function addCommand(
  program: Command,
  parent: Command,
  spec: CommandSpec,
  exit: (code: number) => void,
): void {
  const command = parent
    .command(spec.usage)
    .description(spec.description)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)');
  if (spec.alias !== undefined) command.alias(spec.alias);
  for (const option of spec.options ?? []) command.addOption(option);
  if (spec.passThrough === true) command.passThroughOptions();
  if (spec.examples !== undefined) command.addHelpText('after', examples(spec.examples));
  for (const child of spec.commands ?? []) addCommand(program, command, child, exit);
  const { load } = spec;
  if (load === undefined) return;
  command.action(async (...given: unknown[]) => {
    // commander hands over the arguments, then the options, then the command itself.
    const [options] = given.splice(-2) as [object, Command];
    const args = given.flat().filter((arg): arg is string => typeof arg === 'string');
    const [{ withClient }, run] = await Promise.all([import('./connect.js'), load()]);
    const globals = program.opts<GlobalOptions>();
    await withClient(globals, spec, exit, (context) =>
      (run as Run<object>)(args, options, context),
    );
  });
}

function examples(lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n');
}
