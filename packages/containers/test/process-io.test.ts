import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import type { Failure } from '@ctrd/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fifoRoot } from '../src/io/fifo.js';
import { createProcessIo, openProcessIo, type ProcessIo } from '../src/io/process-io.js';
import { type StdioOption, stdioOf } from '../src/io/stdio.js';

/** Generous: a bound that only a hang reaches. */
const drainTimeoutMs = 20_000;

let runtimeDir: string;
let failures: Failure[];
let opened: ProcessIo[];

beforeEach(async () => {
  runtimeDir = await mkdtemp(join(tmpdir(), 'ctrd-io-'));
  failures = [];
  opened = [];
});

afterEach(async () => {
  for (const io of opened) await io.remove();
  await rm(runtimeDir, { recursive: true, force: true });
});

async function make(option: StdioOption, tty = false): Promise<ProcessIo> {
  const report = (failure: Failure) => void failures.push(failure);
  const io = await createProcessIo(stdioOf(option, tty), {
    tty,
    runtimeDir,
    report,
    owner: { id: 'test' },
  });
  opened.push(io);
  return io;
}

/** A process on the other side of the pipes, opening them as a shim does. */
function shell(script: string, ...args: readonly string[]) {
  return spawn('/bin/sh', ['-c', script, 'sh', ...args], { stdio: 'ignore' });
}

const folders = async () => (existsSync(fifoRoot(runtimeDir)) ? readdir(fifoRoot(runtimeDir)) : []);

describe('the pipes of a process', () => {
  it('lie in a folder of their own that nobody else may enter', async () => {
    const io = await make('pipe');
    const folder = await stat(dirname(io.paths.stdout));
    expect(folder.mode & 0o777).toBe(0o700);
    const pipe = await stat(io.paths.stdin);
    expect(pipe.isFIFO()).toBe(true);
    expect(pipe.mode & 0o077).toBe(0);
  });

  it('are gone when removed, and so is their folder', async () => {
    const io = await make('pipe');
    expect(await folders()).toHaveLength(1);
    await io.remove();
    expect(await folders()).toEqual([]);
  });

  it('are none when nothing is wanted', async () => {
    const io = await make('null');
    expect(io.paths).toEqual({ stdin: '', stdout: '', stderr: '', terminal: false });
    expect(await folders()).toEqual([]);
  });

  it('give the shim a place for the output that nobody wants', async () => {
    const io = await make({ stdout: 'pipe' });
    expect(io.paths.stderr).toBe('/dev/null');
  });

  it('name no stderr with a terminal', async () => {
    const io = await make('pipe', true);
    expect(io.paths).toMatchObject({ stderr: '', terminal: true });
    expect(await buffer(io.stderr)).toHaveLength(0);
  });

  it('tell the daemon a logging program as it is', async () => {
    const io = await make({ stdout: 'binary:///bin/logger?a=b' });
    const log = 'binary:///bin/logger?a=b';
    expect(io.paths).toMatchObject({ stdout: log, stderr: log });
    expect(await buffer(io.stdout)).toHaveLength(0);
  });

  it('name the file of a log twice, for the shim closes one name with the first stream', async () => {
    const path = join(runtimeDir, 'logs', 'x y.log');
    const io = await make({ stdout: pathToFileURL(path).href as `file:///${string}` });
    expect(io.paths.stdout).toBe(path);
    expect(io.paths.stderr).not.toBe(path);
    expect(normalize(io.paths.stderr)).toBe(path);
    expect(await readFile(path, 'utf8')).toBe('');
  });

  it('refuse a file that cannot be written', async () => {
    await writeFile(join(runtimeDir, 'no-folder'), '');
    const log = `file://${runtimeDir}/no-folder/x.log` as `file:///${string}`;
    await expect(make({ stdout: log })).rejects.toMatchObject({
      ...{ code: 'invalid-argument', field: 'stdio.stdout' },
    });
  });

  it('open without waiting for the other side, many at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => make('pipe')));
    expect(new Set(all.map(({ paths }) => paths.stdout)).size).toBe(50);
  });
});

describe('output', () => {
  it('brings every byte of both streams as it is, and its end', async () => {
    const io = await make('pipe');
    const writer = shell(`printf 'a\\377\\000b' >"$1"; printf err >"$2"`, ...outputs(io));
    const [out, err] = await Promise.all([buffer(io.stdout), buffer(io.stderr)]);
    expect(out).toEqual(Buffer.from([0x61, 0xff, 0x00, 0x62]));
    expect(err.toString()).toBe('err');
    await exitOf(writer);
    await io.drain(drainTimeoutMs);
  });

  it('stalls the writer while nobody reads, and goes on from there', async () => {
    const io = await make({ stdout: 'pipe' });
    const bytes = 8 << 20;
    const writer = shell('exec head -c 8388608 /dev/zero >"$1"', io.paths.stdout);
    const ended = once(writer, 'exit');
    // The kernel's pipe is full, and what was read ahead is little.
    await until(async () => (await written(writer)) >= 64 << 10);
    await until(async () => (await state(writer)) === 'S');
    expect(await written(writer)).toBeLessThan(1 << 20);
    expect(writer.exitCode).toBeNull();
    expect(await buffer(io.stdout)).toHaveLength(bytes);
    await ended;
  });

  it('is taken in when the process has ended although nobody reads, and can be read later', async () => {
    const io = await make({ stdout: 'pipe' });
    await exitOf(shell(`head -c 40000 /dev/zero >"$1"`, io.paths.stdout));
    await io.drain(drainTimeoutMs);
    expect(await buffer(io.stdout)).toHaveLength(40_000);
  });

  it('is given up on after a while when something else holds the pipe', async () => {
    const io = await make({ stdout: 'pipe' });
    const holder = shell(`exec >"$1"; echo out; exec sleep 60`, io.paths.stdout);
    try {
      const all = buffer(io.stdout);
      await once(io.stdout, 'data');
      await io.drain(100);
      expect((await all).toString()).toBe('out\n');
    } finally {
      holder.kill('SIGKILL');
      await exitOf(holder);
    }
  });

  it('goes on when its reader leaves: the process is not stopped', async () => {
    const io = await make({ stdout: 'pipe' });
    io.stdout.destroy();
    await exitOf(shell(`head -c 1000000 /dev/zero >"$1"`, io.paths.stdout));
  });

  it('goes into a stream of the caller, which is not ended', async () => {
    const target = new PassThrough();
    const io = await make({ stdout: target });
    expect(await buffer(io.stdout)).toHaveLength(0);
    await exitOf(shell('echo hello >"$1"', io.paths.stdout));
    await io.drain(drainTimeoutMs);
    expect(target.writableEnded).toBe(false);
    expect(String(target.read())).toBe('hello\n');
  });

  it("is thrown away, and reported, when the caller's stream goes away", async () => {
    const target = new PassThrough();
    const io = await make({ stdout: target });
    target.destroy();
    await exitOf(shell('head -c 1000000 /dev/zero >"$1"', io.paths.stdout));
    await io.drain(drainTimeoutMs);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.source).toBe('output');
  });
});

describe('input', () => {
  it('reaches the process whole, and its end is told through the daemon', async () => {
    const io = await make({ stdin: 'pipe', stdout: 'pipe' });
    const body = Buffer.alloc(3 << 20, 'x');
    io.stdin.end(body);
    const reader = shell(
      `head -c ${body.length} <"$1" | wc -c >"$2"`,
      io.paths.stdin,
      io.paths.stdout,
    );
    let closed = 0;
    await openedBy(reader, io.paths.stdin);
    io.connected(async () => {
      closed += 1;
    });
    expect((await buffer(io.stdout)).toString().trim()).toBe(String(body.length));
    if (io.stdin.writableFinished === false) await once(io.stdin, 'finish');
    expect(closed).toBe(1);
    await exitOf(reader);
  });

  it('tells of its end only once the process exists', async () => {
    const io = await make({ stdin: 'pipe' });
    io.stdin.end();
    let closed = 0;
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(0);
    io.connected(async () => {
      closed += 1;
    });
    await until(() => closed === 1);
  });

  it('takes a stream of the caller to its end', async () => {
    const io = await make({ stdin: Readable.from(['one ', 'two']), stdout: 'pipe' });
    const reader = shell(`head -c 7 "$1" >"$2"`, io.paths.stdin, io.paths.stdout);
    await openedBy(reader, io.paths.stdin);
    const closed = new Promise<void>((resolve) => io.connected(async () => resolve()));
    expect((await buffer(io.stdout)).toString()).toBe('one two');
    await closed;
    await exitOf(reader);
  });

  it('stalls its writer while the process does not read', async () => {
    const io = await make({ stdin: 'pipe' });
    let taken = false;
    const body = Buffer.alloc(4 << 20);
    io.stdin.write(body, () => {
      taken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(false);
    expect(io.stdin.writableNeedDrain).toBe(true);
    const reader = shell(`exec head -c ${body.length} "$1" >/dev/null`, io.paths.stdin);
    await until(() => taken);
    await exitOf(reader);
  });

  it('goes nowhere, without a failure, when the process has gone', async () => {
    const io = await make({ stdin: 'pipe' });
    const reader = shell('head -c 1 "$1" >/dev/null', io.paths.stdin);
    io.stdin.write('xyz');
    await exitOf(reader);
    io.connected(async () => {});
    for (let count = 0; count < 20; count += 1) {
      await new Promise<void>((resolve) => io.stdin.write('more', () => resolve()));
    }
    expect(io.stdin.errored).toBeNull();
  });
});

describe('another client', () => {
  it('attaches to pipes that exist and goes on where the first one was', async () => {
    const first = await make('pipe');
    // The shim has both ends of every pipe, so that they survive without the other side.
    const writer = shell(
      `exec 3<>"$1" 4<>"$2"; read line <&4; echo "$line" >&3; exec 3>&-`,
      first.paths.stdout,
      first.paths.stdin,
    );
    first.detach();
    expect(await folders()).toHaveLength(1);
    const second = openProcessIo(first.paths, {
      stdio: stdioOf('pipe', false),
      report: (failure) => void failures.push(failure),
      folder: dirname(first.paths.stdout),
    });
    opened.push(second);
    second.connected(async () => {});
    second.stdin.write('hello\n');
    const [line] = (await once(second.stdout, 'data')) as [Buffer];
    expect(line.toString()).toBe('hello\n');
    await exitOf(writer);
  });
});

function outputs({ paths }: ProcessIo): readonly [string, string] {
  return [paths.stdout, paths.stderr];
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Bytes that a process has written. */
async function written({ pid }: ChildProcess): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return Number(/^wchar: (\d+)$/m.exec(io)?.[1]);
}

/** `S` for a process that waits. */
async function state({ pid }: ChildProcess): Promise<string | undefined> {
  return /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1];
}

/** Resolves when a process, or a child of its own, has opened a file, or is over. */
async function openedBy(child: ChildProcess, path: string): Promise<void> {
  const list = async (folder: string) => readdir(folder).catch(() => []);
  await until(async () => {
    if (child.exitCode !== null) return true;
    const tree = `/proc/${child.pid}/task/${child.pid}/children`;
    const children = (await readFile(tree, 'utf8').catch(() => '')).trim().split(' ');
    for (const pid of [child.pid, ...children]) {
      const links = (await list(`/proc/${pid}/fd`)).map((fd) =>
        readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
      );
      if ((await Promise.all(links)).includes(path)) return true;
    }
    return false;
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
