import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ProcessHandle } from '@ctrd/containers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BusyboxClient,
  busyboxClient,
  clientProgram,
  daemon,
  leakOracle,
  namespaceOf,
  type Remains,
  waitFor,
} from './support/index.js';

const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(daemon(), namespace);
/** Raise them for a long run. */
const megabytes = Number(process.env['CTRD_STDIO_MEGABYTES'] ?? 200);
const echoes = Number(process.env['CTRD_STDIO_CONTAINERS'] ?? 20);
const idle = Number(process.env['CTRD_STDIO_IDLE'] ?? 60);

let busybox: BusyboxClient;
let folder: string;
let before: Remains;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-stdio-'));
  busybox = await busyboxClient(daemon(), namespace);
  before = await oracle.count();
});

afterAll(async () => {
  await oracle.expectNothingLeft(before);
  await busybox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const sh = (script: string) => ['sh', '-c', script];

/** Bytes that a process has written. */
async function written({ pid }: ProcessHandle): Promise<number> {
  return Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

describe('bytes', () => {
  it('come through unchanged, whatever they are, each stream apart', async () => {
    await using job = await busybox.create(
      'bytes',
      sh("printf 'a\\377\\000b'; printf '\\376' >&2"),
      {
        stdio: 'pipe',
      },
    );
    const [out, err] = await Promise.all([job.stdout.toArray(), job.stderr.toArray()]);
    expect(Buffer.concat(out)).toEqual(Buffer.from([0x61, 0xff, 0x00, 0x62]));
    expect(Buffer.concat(err)).toEqual(Buffer.from([0xfe]));
  });

  it(`go in and come back, ${megabytes} MB of them, at a flat memory`, {
    timeout: 600_000,
  }, async () => {
    await using job = await busybox.create('flow', ['cat'], { stdio: 'pipe' });
    const block = randomBytes(1 << 20);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const heap = () => {
      const { external, heapUsed } = process.memoryUsage();
      return external + heapUsed;
    };
    const atFirst = heap();
    let most = 0;
    const source = Readable.from(
      (function* () {
        for (let index = 0; index < megabytes; index += 1) {
          most = Math.max(most, heap());
          block.writeUInt32LE(index);
          const chunk = Buffer.from(block);
          sent.update(chunk);
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
    await Promise.all([pipeline(source, job.stdin), pipeline(job.stdout, received)]);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    expect(await job.wait()).toMatchObject({ exitCode: 0 });
    expect(most - atFirst).toBeLessThan(96 << 20);
  });

  it('of a writer whose reader stops wait, and hold up nothing else', async () => {
    await using stalled = await busybox.create('stalled', ['head', '-c', '10000000', '/dev/zero'], {
      stdio: 'pipe',
    });
    await waitFor(async () => (await written(stalled)) > 64 << 10);
    await using other = await busybox.create('flowing', ['cat'], { stdio: 'pipe' });
    other.stdin.end(Buffer.alloc(1 << 20));
    expect(Buffer.concat(await other.stdout.toArray())).toHaveLength(1 << 20);
    expect(await written(stalled)).toBeLessThan(1 << 20);
    expect((await stalled.info()).status).toBe('running');
    let count = 0;
    for await (const chunk of stalled.stdout) count += chunk.length;
    expect(count).toBe(10_000_000);
    expect(await stalled.wait()).toMatchObject({ exitCode: 0 });
  });

  it('are all there when the process has ended before anybody read', async () => {
    await using job = await busybox.create('early', sh('head -c 50000 /dev/zero'), {
      stdio: 'pipe',
    });
    await job.wait();
    expect(Buffer.concat(await job.stdout.toArray())).toHaveLength(50_000);
  });
});

describe('lines', () => {
  it(`of ${echoes} containers at once come back in order`, { timeout: 600_000 }, async () => {
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join('');
    await Promise.all(
      Array.from({ length: echoes }, async (_, index) => {
        await using job = await busybox.create(`echo-${index}`, ['cat'], { stdio: 'pipe' });
        job.stdin.end(lines);
        expect(await text(job.stdout)).toBe(lines);
        expect(await job.wait()).toMatchObject({ exitCode: 0 });
      }),
    );
  });

  it('end with the input: cat ends after its stdin', async () => {
    await using job = await busybox.create('ends', ['cat'], { stdio: 'pipe' });
    job.stdin.write('one\n');
    expect(String((await once(job.stdout, 'data'))[0])).toBe('one\n');
    expect((await job.info()).status).toBe('running');
    job.stdin.end();
    expect(await job.wait()).toMatchObject({ exitCode: 0 });
  });
});

describe(`${idle} processes with pipes`, () => {
  it('take no thread of the pool while nothing comes of them', async () => {
    await using box = await busybox.create('box', ['sleep', '3600']);
    const processes: ProcessHandle[] = [];
    const start = async () => {
      while (processes.length < idle) {
        const place = processes.push(undefined as never) - 1;
        processes[place] = await box.exec({ args: ['cat'], stdio: 'pipe' });
      }
    };
    await Promise.all(Array.from({ length: 8 }, start));
    // The pool has four threads: one blocking read or open each would leave none for this.
    await Promise.all(Array.from({ length: 20 }, () => stat(folder)));
    const answers = await Promise.all(
      processes.map(async ({ stdin, stdout }, index) => {
        stdin.end(`${index}`);
        return await text(stdout);
      }),
    );
    expect(answers).toEqual(processes.map((_, index) => `${index}`));
    for (const process of processes) {
      expect(await process.wait()).toMatchObject({ exitCode: 0 });
    }
  });
});

describe('another process', () => {
  it('attaches after the first was killed, and goes on where that one was', async () => {
    const body = `
      const job = await client.createContainer({ ...args, stdio: 'pipe' });
      job.stdin.write('one\\ntwo\\n');
      let seen = '';
      for await (const chunk of job.stdout) {
        seen += chunk;
        if (seen.endsWith('2 two\\n')) console.log('ready');
      }
    `;
    const script = 'i=0; while read line; do i=$((i+1)); echo "$i $line"; done; exit 5';
    await using first = clientProgram(daemon(), namespace, {
      body,
      args: { id: 'handed-on', rootfs: busybox.rootfs, args: sh(script) },
    });
    expect(String((await once(first.process.stdout, 'data'))[0])).toBe('ready\n');
    await first.kill();
    await using second = await busybox.client.recoverContainer('handed-on');
    const lines = createInterface(second.stdout)[Symbol.asyncIterator]();
    second.stdin.write('three\n');
    expect((await lines.next()).value).toBe('3 three');
    second.stdin.end('four\n');
    expect((await lines.next()).value).toBe('4 four');
    expect(await second.wait()).toMatchObject({ exitCode: 5 });
  });

  it('finds what was written while nobody read, if the process still runs', async () => {
    const body = `
      await client.createContainer({ ...args, stdio: 'pipe' });
      console.log('ready');
      setInterval(() => {}, 1000);
    `;
    const script = 'sleep 1; i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done; read end';
    await using first = clientProgram(daemon(), namespace, {
      body,
      args: { id: 'unread', rootfs: busybox.rootfs, args: sh(script) },
    });
    await once(first.process.stdout, 'data');
    await first.kill();
    await using second = await busybox.client.recoverContainer('unread');
    await waitFor(async () => (await written(second)) >= 3890);
    second.stdin.end('end\n');
    const expected = Array.from({ length: 1000 }, (_, index) => `${index}\n`).join('');
    expect(await text(second.stdout)).toBe(expected);
    expect(await second.wait()).toMatchObject({ exitCode: 0 });
  });

  it('lends its own streams with inherit', async () => {
    const body = `
      const job = await client.createContainer({ ...args, stdio: 'inherit' });
      const { exitCode } = await job.wait();
      await job.destroy();
      await client.close();
      process.exitCode = exitCode;
    `;
    await using program = clientProgram(daemon(), namespace, {
      body,
      args: { id: 'inherits', rootfs: busybox.rootfs, args: sh('cat; exit 6') },
    });
    program.process.stdin.end('through and through');
    expect(await text(program.process.stdout)).toBe('through and through');
    await waitFor(() => program.process.exitCode !== null);
    expect(program.process.exitCode).toBe(6);
  });
});

describe('a terminal', () => {
  it('has one stream and a size, which changes', async () => {
    const script = 'stty size; read line; stty size; echo "got $line" >&2';
    await using job = await busybox.create('tty', sh(script), {
      tty: { width: 91, height: 27 },
      stdio: 'pipe',
    });
    let output = '';
    job.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await waitFor(() => output.includes('27 91\r\n'));
    await job.resize({ width: 132, height: 50 });
    job.stdin.write('hello\r');
    expect(await job.wait()).toMatchObject({ exitCode: 0 });
    expect(output).toBe('27 91\r\nhello\r\n50 132\r\ngot hello\r\n');
    expect(await text(job.stderr)).toBe('');
  });
});

describe('other places', () => {
  it('may be streams of the caller, which stay open', async () => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    await using job = await busybox.create('own', sh('cat; echo err >&2'), {
      stdio: { stdin: Readable.from(['given ', 'in parts']), stdout: out, stderr: err },
    });
    expect(await job.wait()).toMatchObject({ exitCode: 0 });
    expect(String(out.read())).toBe('given in parts');
    expect(String(err.read())).toBe('err\n');
    expect([out.writableEnded, err.writableEnded]).toEqual([false, false]);
  });

  it('may be nowhere: then nothing waits, and there is no input', async () => {
    await using job = await busybox.create('nowhere', sh('cat; head -c 1000000 /dev/zero'));
    expect(await job.wait()).toMatchObject({ exitCode: 0 });
    await expect(once(job.stdin.on('error', () => {}).end('x'), 'finish')).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'no-pipe',
    });
  });

  it('may be a file, to which the shim appends both streams to the last word', async () => {
    const path = join(folder, 'logs', 'file.log');
    const stdio = { stdout: `file://${path}` as `file:///${string}` };
    for (const id of ['file-1', 'file-2']) {
      // The first stream ends before the last word of the other.
      const script = 'echo out; exec >&-; sleep 0.1; echo err >&2';
      const job = await busybox.create(id, sh(script), { stdio });
      expect(await job.wait()).toMatchObject({ exitCode: 0 });
      await job.destroy();
    }
    const lines = async () => (await readFile(path, 'utf8')).split('\n');
    // The shim may still be at it.
    await waitFor(async () => (await lines()).length > 4);
    expect(await lines()).toEqual(['out', 'err', 'out', 'err', '']);
  });

  it('may be a logging program, which is fed both streams', async () => {
    const program = join(folder, 'logger.sh');
    const log = join(folder, 'program.log');
    const script = [
      '#!/bin/sh',
      '# The streams are descriptors 3 and 4; closing 5 says that it is ready.',
      'exec 5>&-',
      'sed "s/^/$CONTAINER_ID out /" <&3 >>"$2" &',
      'sed "s/^/$CONTAINER_ID err /" <&4 >>"$2"',
      'wait',
    ];
    await writeFile(program, `${script.join('\n')}\n`);
    await chmod(program, 0o755);
    const stdout = `binary://${program}?path=${log}` as `binary:///${string}`;
    const job = await busybox.create('logged', sh('echo one; sleep 0.2; echo two >&2'), {
      stdio: { stdout },
    });
    await job.wait();
    await job.destroy();
    await waitFor(async () => (await readFile(log, 'utf8')).split('\n').length > 2);
    expect((await readFile(log, 'utf8')).split('\n').sort()).toEqual([
      ...['', 'logged err two', 'logged out one'],
    ]);
  });
});
