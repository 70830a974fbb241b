import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { abortError, CtrdError } from '@ctrd/core';

/** How some content is packed. */
export type Compression = 'gzip' | 'zstd';

/** How content is packed, by its first bytes; `other` is a packer that images never use. */
export function compressionOf(head: Uint8Array): Compression | 'other' | undefined {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  // A frame that unpackers skip, with which some packers begin.
  const isSkipped =
    ((head[0] ?? 0) & 0xf0) === 0x50 &&
    [0x2a, 0x4d, 0x18].every((byte, index) => head[index + 1] === byte);
  if (isSkipped) return 'zstd';
  if (begins(0x42, 0x5a, 0x68) || begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'other';
  return undefined;
}

/**
 * Unpacks content as it is read. Throws `invalid-argument` (field `source`) for what is damaged or
 * cut off, `unimplemented` when nothing here unpacks it, and what the content itself throws.
 *
 * zstd came to Node with 22.15; without it, the program `zstd` does it. (An unpacker in JavaScript
 * can be held up for minutes by a block of fifty bytes, and this process with it.)
 */
export function unpacked(
  compression: Compression,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (compression === 'gzip') return through(zlib.createGunzip(), bytes, signal);
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  return createZstdDecompress === undefined
    ? throughProgram('zstd', ['-dcq'], bytes, signal)
    : through(createZstdDecompress(), bytes, signal);
}

async function* through(
  unpacker: Transform,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const copied = pipeline(Readable.from(bytes), unpacker, { signal });
  // Its failure is the reader's as well, who may stop before the end.
  copied.catch(() => {});
  try {
    yield* unpacker;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isUnpackers = typeof code === 'string' && /^(?:Z|ZSTD)_/.test(code);
    throw isUnpackers ? damaged(message, error) : error;
  }
}

async function* throughProgram(
  program: string,
  args: readonly string[],
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  async function* watched() {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  const child = await started(program, args);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(0, 1000);
  });
  const fed = pipeline(Readable.from(watched()), child.stdin, { signal });
  // The program says why it takes no more.
  fed.catch(() => {});
  try {
    yield* child.stdout;
    const code = await ended;
    if (signal.aborted) throw abortError(signal);
    if (failure !== undefined) throw failure;
    if (code !== 0) throw damaged(said.trim());
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** One that cannot be started, for want of descriptors for instance, has not even streams. */
async function started(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing(program) : error;
  }
  return child.on('error', () => {});
}

function damaged(why: string, cause?: unknown): CtrdError {
  return new CtrdError(`source must be packed rightly: ${why}`, {
    ...{ code: 'invalid-argument', field: 'source', cause },
  });
}

function missing(program: string): CtrdError {
  return new CtrdError(`the archive is packed by ${program}: install the program, or Node 22.15`, {
    ...{ code: 'unimplemented', reason: 'compression' },
  });
}
