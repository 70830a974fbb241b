import { createHash } from 'node:crypto';
import { type Content, WriteAction } from '@ctrd/api/services/content/v1';
import {
  CtrdError,
  hasCode,
  mergeSignals,
  pause,
  type ServiceClient,
  withDeadline,
} from '@ctrd/core';
import { createCredit } from './credit.js';
import { inMessages } from './in-messages.js';

/** A blob to write. */
export interface BlobWrite {
  /** The name of the attempt: another attempt of the same name goes on where this one stopped. */
  readonly ref: string;
  /** What the content must turn out to be; the daemon checks it. */
  readonly digest?: string | undefined;
  /** Bytes, when known. */
  readonly size?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The content from an offset on. The signal ends when nobody wants more of it. */
  readonly source: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Is told how many bytes the daemon has. */
  readonly onOffset?: ((offset: number) => void) | undefined;
  /**
   * Milliseconds to wait for another writer of the same ref that makes no progress, before the
   * write fails with `lock-failed`. Default: 60 s.
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** A blob that a write has brought into the store. */
export interface WrittenBlob {
  readonly digest: string;
  readonly size: number;
  /** Whether it was there already, and nothing was written. */
  readonly existed: boolean;
}

/** The source of what is in memory already. */
export function ofBytes(bytes: Uint8Array): BlobWrite['source'] {
  return async function* (offset) {
    yield bytes.subarray(offset);
  };
}

/** Bytes of one message, and messages that may be under way at once: measured, see the README. */
const messageBytes = 1 << 20;
const inFlight = 8;

/** How long giving up an attempt with wrong content may take. */
const undoTimeoutMs = 30_000;

/**
 * Writes a blob. Throws `lock-failed` when another writer of the ref stands still, `data-loss` when
 * the content is not what was expected, and what the source throws; what was written by then stays
 * for the next attempt, unless it is wrong.
 */
export async function writeBlob(
  calls: ServiceClient<typeof Content>,
  blob: BlobWrite,
  signal: AbortSignal,
): Promise<WrittenBlob> {
  const { lockTimeoutMs = 60_000 } = blob;
  let seen = -1;
  let since = performance.now();
  for (let pauseMs = 16; ; pauseMs = Math.min(pauseMs * 2, 2048)) {
    try {
      return await attempt(calls, blob, signal);
    } catch (error) {
      // With a reason, it is something else that is not as it should be: the disk takes no change.
      const isWrong = hasCode(error, 'failed-precondition') && error.reason === undefined;
      if (isWrong || hasCode(error, 'data-loss')) throw await refused(calls, blob, error);
      if (!hasCode(error, 'lock-failed')) throw error;
      const offset = await offsetOf(calls, blob.ref, signal);
      if (offset !== seen) since = performance.now();
      seen = offset;
      if (performance.now() - since > lockTimeoutMs) throw error;
    }
    await pause(pauseMs * (0.5 + Math.random() / 2), signal);
  }
}

async function attempt(
  calls: ServiceClient<typeof Content>,
  blob: BlobWrite,
  signal: AbortSignal,
): Promise<WrittenBlob> {
  const { ref, digest: expected = '', size, labels = {}, onOffset } = blob;
  const done = new AbortController();
  using merged = mergeSignals({ signal }, done.signal);
  const credit = createCredit(inFlight);
  const total = BigInt(size ?? 0);
  // Of content without a name, only its own bytes tell what the daemon has already.
  const hash = blob.digest === undefined ? createHash('sha256') : undefined;
  let offset = 0;

  async function* requests() {
    yield { action: WriteAction.STAT, ref, total, expected };
    const there = await credit.opened;
    // Writing from the start again discards what is there.
    offset = hash === undefined ? there : 0;
    if (offset !== size || size === 0) yield* content();
    const end = BigInt(offset);
    yield { action: WriteAction.COMMIT, ref, total: end, expected, offset: end, labels };
  }

  async function* content() {
    try {
      for await (const data of inMessages(blob.source(offset, merged.signal), messageBytes)) {
        if (size !== undefined && offset + data.byteLength > size) {
          throw wrongSize(ref, size, 'more');
        }
        await credit.take();
        yield { action: WriteAction.WRITE, ref, total, expected, offset: BigInt(offset), data };
        hash?.update(data);
        offset += data.byteLength;
      }
    } catch (error) {
      // A failure of the source must not overtake what it has given: the next attempt goes on there.
      await credit.settled();
      throw error;
    }
    if (size !== undefined && offset < size) throw wrongSize(ref, size, 'less');
  }

  try {
    let opened = false;
    for await (const answer of calls.write(requests(), { signal, role: 'bulk' })) {
      const written = Number(answer.offset);
      onOffset?.(written);
      if (answer.action === WriteAction.COMMIT) {
        return { digest: answer.digest || expected, size: written, existed: false };
      }
      if (opened) credit.give();
      else credit.open(written);
      opened = true;
    }
    throw new CtrdError('the daemon ended the write early', {
      code: 'unavailable',
      reason: 'dropped',
      subject: ref,
    });
  } catch (error) {
    if (!hasCode(error, 'already-exists')) throw error;
    const digest = blob.digest ?? `sha256:${hash?.digest('hex')}`;
    return { digest, size: size ?? offset, existed: true };
  } finally {
    // The source must not go on after a failure, nor may its reader wait for the daemon for ever.
    done.abort();
    credit.close();
  }
}

function wrongSize(ref: string, size: number, has: 'more' | 'less'): CtrdError {
  return new CtrdError(`the content has ${has} than its ${size} bytes`, {
    code: 'data-loss',
    reason: 'size',
    subject: ref,
  });
}

/** The next attempt must not go on with content that is wrong. */
async function refused(
  calls: ServiceClient<typeof Content>,
  { ref, digest }: BlobWrite,
  error: CtrdError,
): Promise<CtrdError> {
  await withDeadline(undoTimeoutMs, (signal) => calls.abort({ ref }, { signal })).catch(() => {});
  if (error.code === 'data-loss') return error;
  return new CtrdError(`the content is not what it should be: ${error.rawMessage}`, {
    code: 'data-loss',
    reason: 'digest',
    subject: digest ?? ref,
    cause: error,
  });
}

async function offsetOf(
  calls: ServiceClient<typeof Content>,
  ref: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    const { status } = await calls.status({ ref }, { signal });
    return Number(status?.offset ?? 0);
  } catch (error) {
    if (hasCode(error, 'not-found')) return -1;
    throw error;
  }
}
