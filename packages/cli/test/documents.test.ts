import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/program.js';

/** What `--help` prints, whatever terminal this runs in. */
function helpOf(command: Command): string {
  let text = '';
  command.configureHelp({ helpWidth: 96 });
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

/** A command and those in it; `help` and what is hidden are no commands for people. */
function everyCommand(command: Command, path: string): readonly (readonly [string, Command])[] {
  const children = command.createHelp().visibleCommands(command);
  return [
    [path, command],
    ...children
      .filter((child) => child.name() !== 'help')
      .flatMap((child) => everyCommand(child, `${path} ${child.name()}`)),
  ];
}

describe('docs/cli-commands.md', () => {
  // `npx vitest run --project unit packages/cli/test/documents.test.ts -u` writes it anew.
  it('says what --help says', async () => {
    const program = createProgram(async () => {}, '');
    const sections = everyCommand(program, 'ctrd').map(
      ([path, command]) => `## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
    );
    const text = `# Every command\n\nWhat \`--help\` prints, as a test has compared it.\n\n${sections.join('\n')}`;
    await expect(text).toMatchFileSnapshot('../../../docs/cli-commands.md');
  });
});
