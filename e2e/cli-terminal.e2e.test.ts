import { randomBytes } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  busyboxImage,
  busyboxName,
  cliFixture,
  type DebianRegistry,
  debianRegistry,
  file,
  waitFor,
} from './support/index.js';

const cli = cliFixture(import.meta.url);
const { terminal } = cli;
let registry: DebianRegistry;

beforeAll(async () => {
  registry = await debianRegistry();
  // Enough for a bar to be seen.
  const large = file('large', randomBytes(8_000_000));
  await registry.seed('box:1', await busyboxImage({ layers: [[large]] }));
});

afterAll(() => registry[Symbol.asyncDispose]());

describe('a container in a terminal', () => {
  it('is a shell of our size, follows it, takes Ctrl-C, and ends with its exit code', async () => {
    await using shell = await terminal(['run', '--rm', '-it', busyboxName, 'sh'], {
      rows: 33,
      columns: 77,
    });
    await shell.until(/# /);
    shell.type('tty; stty size\r');
    await shell.until(/\/dev\/pts\/0\r+\n33 77/);
    await shell.resize({ rows: 40, columns: 100 });
    shell.type('while [ "$(stty size)" != "40 100" ]; do sleep 0.05; done; echo "re"sized\r');
    await shell.until(/resized/);
    // The program in it is interrupted, neither the shell nor we are.
    shell.type('echo sleeping; sleep 600\r');
    await shell.until(/\r+\nsleeping/);
    shell.type('\x03');
    shell.type('echo "status $?"\r');
    await shell.until(/status 130/);
    shell.type('exit 3\r');
    expect(await shell.ended).toBe(3);
  });

  it('is left with keys, and come back to', async () => {
    await using shell = await terminal(['run', '-it', '--name', 'box', busyboxName, 'sh']);
    await shell.until(/# /);
    shell.type('A=kept\r');
    shell.type('\x10\x11');
    await shell.until(/ctrd attach box/);
    expect(await shell.ended).toBe(0);
    expect(await cli.ok('ps', '--format', '{{.id}} {{.status}}')).toBe('box running\n');

    await using again = await terminal(['attach', 'box']);
    again.type('echo "$A" $((40 + 2))\r');
    await again.until(/kept 42/);
    again.type('exit 5\r');
    expect(await again.ended).toBe(5);
    await cli.ok('rm', 'box');
  });

  it('that is removed at its end is removed as well when it was left and come back to', async () => {
    const args = ['run', '--rm', '-it', '--name', 'brief', busyboxName, 'sh'];
    await using shell = await terminal(args);
    await shell.until(/# /);
    shell.type('\x10\x11');
    await shell.until(/ctrd attach brief/);
    expect(await shell.ended).toBe(0);
    await using again = await terminal(['attach', 'brief']);
    again.type('exit 6\r');
    expect(await again.ended).toBe(6);
    await waitFor(async () => (await cli.ok('ps', '-aq')) === '');
  });

  it('is entered by exec with a terminal of its own, which other keys leave', async () => {
    const script = 'trap exit TERM; while :; do sleep 0.1; done';
    await cli.detached('web', script);
    await using inside = await terminal(['exec', '-it', '--detach-keys', 'ctrl-e,x', 'web', 'sh']);
    await inside.until(/# /);
    inside.type('test -t 0 && echo "a termi"nal\r');
    await inside.until(/a terminal/);
    inside.type('\x05x');
    expect(await inside.ended).toBe(0);
  });

  it('ends with its terminal, and leaves nothing', async () => {
    {
      const args = ['run', '--rm', '-it', '--name', 'gone', busyboxName, 'sh'];
      await using shell = await terminal(args);
      await shell.until(/# /);
      shell.type('trap "exit 0" HUP; echo "re"ady; while :; do sleep 0.1; done\r');
      await shell.until(/ready/);
    }
    await waitFor(async () => (await cli.ok('ps', '-aq')) === 'web\n');
  });
});

describe('a login on a terminal', () => {
  it('asks for a name and a password, which does not show, and is left with Ctrl-C', async () => {
    await using login = await terminal(['login', registry.host]);
    await login.until(/Username: /);
    login.type('me\r');
    await login.until(/Password: /);
    login.type('secret\r');
    await login.until(/logged in to/);
    expect(await login.ended).toBe(0);
    expect(login.shown).not.toContain('secret');
    await using left = await terminal(['login', '-u', 'me', registry.host]);
    await left.until(/Password: /);
    left.type('\x03');
    expect(await left.ended).toBe(130);
  });
});

describe('what is shown on a terminal', () => {
  it('is a table that fits it, in colours unless NO_COLOR is set', async () => {
    await using narrow = await terminal(['ps'], { columns: 100 });
    await narrow.ended;
    expect(narrow.shown).toContain('\u001b[32mrunning\u001b[39m');
    const lines = stripVTControlCharacters(narrow.shown).split('\r\n').slice(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.join('\n')).toContain('…');
    await using plain = await terminal(['ps'], { env: { NO_COLOR: '1' } });
    await plain.ended;
    expect(plain.shown).not.toContain('\u001b');
  });

  it('goes on with stats until Ctrl-C', async () => {
    await using live = await terminal(['stats', '--interval', '0.2', 'web']);
    // From the second look on there is a share of the CPU.
    await live.until(/web +\d+\.\d %/);
    live.type('\x03');
    expect(await live.ended).toBe(0);
  });

  it('is a bar for each layer of a pull, lines in a pipe, and nothing with --quiet', async () => {
    const name = `${registry.host}/box:1`;
    await using pull = await terminal(['pull', name]);
    expect(await pull.ended).toBe(0);
    expect(pull.shown).toMatch(/layer-[0-9a-f]{12} +done +8\.\d MB|layer-[0-9a-f]{12} +done/);
    expect(pull.shown).toMatch(/: done [\d.]+ MB \/ [\d.]+ MB/);
    expect(pull.shown.trimEnd()).toMatch(new RegExp(`${name}$`));
    await cli.run(['rmi', '--sync', name]);

    const piped = await cli.run(['pull', name]);
    expect(piped).toMatchObject({ exitCode: 0, stdout: `${name}\n` });
    expect(piped.stderr).toMatch(/^layer-[0-9a-f]{12}: downloading$/m);
    expect(piped.stderr).not.toContain('\u001b');
    expect(await cli.run(['pull', '--quiet', name])).toEqual({
      ...{ exitCode: 0, stdout: '', stderr: '' },
    });
    await cli.ok('rmi', '--sync', name);
    await cli.remove('web');
  });
});
