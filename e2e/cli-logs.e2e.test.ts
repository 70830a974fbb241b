import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { busyboxName, cliFixture, waitFor } from './support/index.js';

const cli = cliFixture(import.meta.url);
const { detached, remove } = cli;

const json = ['--log-driver', 'json-file'];

describe('ctrd logs of a json-file log', () => {
  it('knows the stream and the time of each line', async () => {
    const began = Date.now();
    const go = 'while ! test -e /go; do sleep 0.05; done';
    await detached('timed', `echo first; ${go}; echo second >&2; exit 3`, ...json);
    await waitFor(async () => (await cli.ok('logs', 'timed')) === 'first\n');
    // A moment between the two lines, which no clock of either side can mistake.
    await sleep(50);
    const between = new Date().toISOString();
    await sleep(50);
    const followed = cli.run(['logs', '-f', 'timed']);
    await cli.ok('exec', 'timed', 'touch', '/go');
    expect(await cli.ok('wait', 'timed')).toBe('3\n');
    const both = { exitCode: 0, stdout: 'first\n', stderr: 'second\n' };
    expect(await followed).toEqual(both);
    expect(await cli.run(['logs', 'timed'])).toEqual(both);
    expect(await cli.run(['logs', '--since', between, 'timed'])).toEqual({ ...both, stdout: '' });
    expect(await cli.run(['logs', '--until', between, 'timed'])).toEqual({ ...both, stderr: '' });
    expect(await cli.run(['logs', '--tail', '1', 'timed'])).toEqual({ ...both, stdout: '' });
    const { stdout } = await cli.run(['logs', '-t', 'timed']);
    const [time = '', text] = stdout.split(' ');
    expect(text).toBe('first\n');
    expect(Date.parse(time)).toBeGreaterThanOrEqual(began);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.parse(between));
    await remove('timed');
    expect((await cli.run(['logs', 'timed'])).exitCode).toBe(125);
  });

  it('is read whole when it was rotated', async () => {
    const untilGo = 'while ! test -e /go; do sleep 0.05; done';
    await detached('turned', `echo one; echo two; ${untilGo}; echo three`, ...json);
    await waitFor(async () => (await cli.ok('logs', 'turned')) === 'one\ntwo\n');
    const path = join(cli.folder, 'logs', cli.namespace, 'turned--json.log');
    const text = await readFile(path);
    await writeFile(`${path}.1.gz`, gzipSync(text));
    await truncate(path);
    const began = new Date().toISOString();
    await cli.ok('exec', 'turned', 'touch', '/go');
    expect(await cli.ok('logs', '-f', 'turned')).toBe('one\ntwo\nthree\n');
    expect(await cli.ok('logs', '--tail', '2', 'turned')).toBe('two\nthree\n');
    expect(await cli.ok('logs', '--since', began, 'turned')).toBe('three\n');
    await remove('turned');
    expect(await readdir(dirname(path))).toEqual([]);
  });

  it('is written by a small process, which ends with the shim', async () => {
    const loggers = async (): Promise<readonly string[]> => {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      const lines = await Promise.all(
        pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
      );
      return pids.filter((_pid, index) =>
        lines[index]?.includes(`${cli.namespace}/kept--json.log`),
      );
    };
    await detached('kept', 'echo up; trap "exit 0" TERM; while :; do sleep 0.1; done', ...json);
    await waitFor(async () => (await cli.ok('logs', 'kept')) === 'up\n');
    const [logger, ...others] = await loggers();
    expect(others).toEqual([]);
    const memory = await readFile(`/proc/${logger}/smaps_rollup`, 'utf8');
    // The rest of it is the program, which all processes of Node.js share.
    const ownKilobytes = Number(/^Private_Dirty: +(\d+) kB$/m.exec(memory)?.[1]);
    expect(ownKilobytes).toBeGreaterThan(0);
    expect(ownKilobytes).toBeLessThan(16_000);
    await cli.ok('stop', 'kept');
    expect(await cli.ok('logs', 'kept')).toBe('up\n');
    await remove('kept');
    await waitFor(async () => (await loggers()).length === 0);
  });

  it('has what ran in the foreground, which shows as ever', async () => {
    const script = 'echo out; echo err >&2; exit 4';
    const shown = { stdout: 'out\n', stderr: 'err\n' };
    const line = ['run', '--name', 'front', ...json, busyboxName, 'sh', '-c', script];
    expect(await cli.run(line)).toEqual({ exitCode: 4, ...shown });
    expect(await cli.run(['logs', 'front'])).toEqual({ exitCode: 0, ...shown });
    await remove('front');
  });

  it('has what a terminal of nobody shows', async () => {
    await detached('screen', 'tty', '-t', ...json);
    expect(await cli.ok('wait', 'screen')).toBe('0\n');
    expect(await cli.ok('logs', 'screen')).toMatch(/^\/dev\/pts\/0\r\n$/);
    await remove('screen');
  });

  it('is refused with an input, which the shim does not give to what has a logger', async () => {
    const { exitCode, stderr } = await cli.run(['run', '-i', ...json, busyboxName, 'cat']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('--interactive');
  });
});

describe('ctrd logs of a plain file', () => {
  it('says what to do where it would need times', async () => {
    await detached('plain', 'echo said');
    expect(await cli.ok('wait', 'plain')).toBe('0\n');
    expect(await cli.ok('logs', 'plain')).toBe('said\n');
    for (const wish of [['-t'], ['--since', '1h'], ['--until', '1h']]) {
      const { exitCode, stdout, stderr } = await cli.run(['logs', ...wish, 'plain']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' });
      expect(stderr).toContain('--log-driver json-file');
    }
    await remove('plain');
  });
});

describe.each(['file', 'json-file'])('a container with a %s log', (driver) => {
  it('keeps there what start --attach shows', async () => {
    await detached('again', 'echo up; exit 3', '--log-driver', driver);
    expect(await cli.ok('wait', 'again')).toBe('3\n');
    // Only what it says this time.
    expect(await cli.run(['start', '-a', 'again'])).toEqual({
      ...{ exitCode: 3, stdout: 'up\n', stderr: '' },
    });
    expect(await cli.ok('logs', 'again')).toBe('up\nup\n');
    await remove('again');
  });

  it('shows what it says from now on to who attaches', async () => {
    const script = 'echo before; while ! test -e /go; do echo tick; sleep 0.1; done; echo after';
    await detached('seen', `${script}; exit 5`, '--log-driver', driver);
    await waitFor(async () => (await cli.ok('logs', 'seen')).startsWith('before\n'));
    const { shown, ended } = cli.start(['attach', '--no-stdin', 'seen']);
    await waitFor(() => shown.stdout.includes('tick'));
    await cli.ok('exec', 'seen', 'touch', '/go');
    expect(await ended).toMatchObject({
      exitCode: 5,
      stdout: expect.stringMatching(/^(tick\n)+after\n$/),
    });
    await remove('seen');
  });
});
