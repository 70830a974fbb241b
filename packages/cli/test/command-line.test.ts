import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../src/command-spec.js';
import { commands } from '../src/commands/index.js';
import { createProgram } from '../src/program.js';

/** What a command line means: the command, what it is given, and the options before it. */
async function parse(...line: string[]) {
  const calls: {
    usage: string;
    args: readonly string[];
    options: object;
    globals: object;
    print: object;
  }[] = [];
  const program = createProgram(async ({ usage }, { args, options, globals, print }) => {
    calls.push({ usage, args, options, globals, print });
  }, '1.2.3');
  program.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  for (const command of program.commands) command.configureOutput({ writeErr: () => {} });
  await program.parseAsync(line, { from: 'user' });
  const [call] = calls;
  if (call === undefined || calls.length > 1) throw new Error(`${calls.length} commands ran`);
  return call;
}

describe('the command line', () => {
  it('leaves what follows the image to the container', async () => {
    const line = ['run', '-it', '--rm', '-e', 'A=1', '-e', 'B', '-w', '/x', '-u', '0'];
    const call = await parse(...line, 'alpine', 'sh', '-c', 'x', '--flag', '-e', 'C=3', '--', '-i');
    expect(call).toMatchObject({
      usage: 'run <image> [args...]',
      args: ['alpine', 'sh', '-c', 'x', '--flag', '-e', 'C=3', '--', '-i'],
      options: {
        interactive: true,
        tty: true,
        rm: true,
        env: ['A=1', 'B'],
        workdir: '/x',
        user: '0',
      },
    });
  });

  it('leaves what follows the container to exec’s program', async () => {
    const { args, options } = await parse('exec', '-i', 'web', 'ls', '-l', '-i');
    expect(args).toEqual(['web', 'ls', '-l', '-i']);
    expect(options).toMatchObject({ interactive: true });
  });

  it('reads quantities', async () => {
    const { options } = await parse(
      'run',
      '-m',
      '512m',
      '--cpus',
      '1.5',
      '--stop-timeout',
      '3',
      'a',
    );
    expect(options).toMatchObject({
      memory: 512 << 20,
      cpus: 1.5,
      stopTimeout: 3,
      pull: 'missing',
    });
  });

  it('knows where to go and how to print, before the command and after', async () => {
    const before = await parse('-a', '/c.sock', '-n', 'ci', '-o', 'json', 'ps', '-a');
    expect(before).toMatchObject({
      globals: { address: '/c.sock', namespace: 'ci' },
      options: { all: true },
      print: { output: 'json' },
    });
    expect((await parse('ps', '-o', 'json')).print).toEqual({
      output: 'json',
      template: undefined,
    });
    expect((await parse('-o', 'json', 'ps', '-o', 'table')).print).toMatchObject({
      output: 'table',
    });
    expect((await parse('ps', '--format', 'json')).print).toEqual({ output: 'json' });
    expect((await parse('ps', '--format', '{{.id}}')).print).toMatchObject({ template: '{{.id}}' });
  });

  it('knows commands in commands, and other names for them', async () => {
    expect((await parse('snapshot', 'rm', '-f', 'a', 'b')).args).toEqual(['a', 'b']);
    expect((await parse('load', 'x.tar')).usage).toBe('import [file]');
    expect((await parse('run', '--net', 'host', 'a')).options).toMatchObject({ network: 'host' });
    expect((await parse('stats', '--no-stream')).options).toMatchObject({ stream: false });
  });

  it.each([
    [['run']],
    [['run', '--no-such-option', 'a']],
    [['run', '-m', 'much', 'a']],
    [['run', '--cpus', '-1', 'a']],
    [['run', '--pull', 'sometimes', 'a']],
    [['exec', 'a']],
    [['nothing-of-the-kind']],
    [['ps', 'too', 'many']],
    [['-o', 'xml', 'ps']],
  ])('refuses %j', async (line) => {
    await expect(parse(...line)).rejects.toBeInstanceOf(CommanderError);
  });
});

describe('every command', () => {
  const all = (specs: readonly CommandSpec[]): readonly CommandSpec[] =>
    specs.flatMap((spec) => [spec, ...all(spec.commands ?? [])]);

  it.each(
    all(commands)
      .filter(({ hidden }) => hidden !== true)
      .map((spec) => [spec.usage, spec] as const),
  )('explains itself, with examples: %s', (_usage, spec) => {
    expect(spec.description).toMatch(/[.)]$|[.:].*$/);
    if (spec.commands !== undefined) return;
    expect(spec.examples?.length).toBeGreaterThan(0);
    for (const example of spec.examples ?? []) expect(example).toContain('ctrd ');
  });

  it.each(
    all(commands)
      .filter(({ commands }) => commands === undefined)
      .map((spec) => [spec.usage, spec] as const),
  )('has a work that can be loaded: %s', async (_usage, { load, loadDaemon, loadLocal }) => {
    expect(await (load ?? loadDaemon ?? loadLocal)?.()).toBeTypeOf('function');
  });
});
