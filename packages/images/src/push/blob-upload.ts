import { CtrdError, hasCode, pause, throwIfAborted, withDeadline } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import type { RegistryAnswer } from '../registry/host-client.js';
import { pullScope } from '../registry/scopes.js';
import type { PushTarget } from './push-target.js';

/** A blob to upload. */
export interface BlobUpload {
  readonly blob: Descriptor;
  /** Its bytes from one offset to another, from the beginning each time. */
  readonly read: (from: number, to: number) => AsyncIterable<Uint8Array>;
  /** Another repository of the registry that has it, as far as is known. */
  readonly mountFrom: string | undefined;
  /** The most that one request carries; `undefined` for all of it. */
  readonly chunkBytes: number | undefined;
  readonly signal: AbortSignal;
  /** Is told how many bytes the registry has, as far as they were sent. */
  readonly onOffset: (offset: number) => void;
}

/** How often an upload is taken up again, or begun anew, after the connection broke. */
const attempts = 5;
const retryDelayMs = 250;

/** How long giving up an upload may take. */
const cancelTimeoutMs = 5_000;

/** An upload that the registry has opened. */
interface Session {
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
  /** Bytes that a chunk has at least, by the registry's word. */
  readonly leastChunk: number;
}

/**
 * Uploads a blob that is not there yet, or has the registry mount it. After a broken connection it
 * goes on where the registry says it is, and from the start when the registry has forgotten.
 */
export async function uploadBlob(
  target: PushTarget,
  upload: BlobUpload,
): Promise<'mounted' | 'uploaded'> {
  const { blob, signal } = upload;
  const content = watched(upload);
  let session = await opened(target, upload);
  for (let count = 1; session !== 'mounted'; count++) {
    try {
      await send(target, { ...upload, read: content.read }, session);
      return 'uploaded';
    } catch (error) {
      const cause = content.failure();
      if (cause !== undefined || !isPassing(error) || count === attempts || signal.aborted) {
        await cancel(target, session);
        throwIfAborted(signal);
        throw cause ?? error;
      }
    }
    await pause(retryDelayMs * 2 ** (count - 1) * (0.5 + Math.random() / 2), signal);
    const next = await resumed(target, session, blob, signal);
    if (next === undefined) await cancel(target, session);
    session = next ?? (await opened(target, upload));
  }
  return 'mounted';
}

/** Tells the failures of the content from those of the connection, which it breaks as well. */
function watched({ read }: Pick<BlobUpload, 'read'>) {
  let failure: unknown;
  return {
    failure: () => failure,
    async *read(from: number, to: number) {
      try {
        yield* read(from, to);
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  };
}

/** Opens an upload. What was to be mounted, and is not there after all, is one as well. */
async function opened(target: PushTarget, upload: BlobUpload): Promise<Session | 'mounted'> {
  const { blob, mountFrom, signal } = upload;
  const plain = { method: 'POST', path: 'blobs/uploads/', accept: [202], signal } as const;
  const headers = { 'content-length': '0' };
  if (mountFrom !== undefined) {
    const query = new URLSearchParams({ mount: blob.digest, from: mountFrom });
    const scopes = [pullScope(mountFrom)];
    try {
      const path = `blobs/uploads/?${query}`;
      const answer = await target.request({ ...plain, path, headers, scopes, accept: [201, 202] });
      answer.discard();
      return answer.status === 201 ? 'mounted' : sessionOf(answer, 0);
    } catch (error) {
      // Whoever may push here need not be allowed to read there.
      if (!hasCode(error, 'unauthenticated', 'permission-denied', 'not-found')) throw error;
    }
  }
  const answer = await target.request({ ...plain, headers });
  answer.discard();
  return sessionOf(answer, 0);
}

/** Sends what is missing: in one request, which also ends the upload, or in chunks before that. */
async function send(target: PushTarget, upload: BlobUpload, session: Session): Promise<void> {
  const { blob, chunkBytes, signal } = upload;
  let { url, offset } = session;
  const chunk = chunkBytes === undefined ? undefined : Math.max(chunkBytes, session.leastChunk);
  // What has begun in chunks ends in chunks: a last request with content means all of it.
  while (offset > 0 || (chunk !== undefined && blob.size > chunk)) {
    if (offset === blob.size) break;
    const end = Math.min(offset + (chunk ?? blob.size), blob.size);
    const answer = await target.request({
      ...{ method: 'PATCH', path: url, accept: [202, 204], attempts: 1, signal },
      headers: { ...lengthOf(end - offset), 'content-range': `${offset}-${end - 1}` },
      body: () => counted(upload, offset, end),
    });
    answer.discard();
    ({ url } = sessionOf(answer, end));
    offset = end;
  }
  url.searchParams.set('digest', blob.digest);
  const answer = await target.request({
    ...{ method: 'PUT', path: url, accept: [201, 204], attempts: 1, signal },
    headers: lengthOf(blob.size - offset),
    ...(offset === blob.size ? {} : { body: () => counted(upload, offset, blob.size) }),
  });
  answer.discard();
}

/** Where an upload stands after a failure; `undefined` when the registry knows it no more. */
async function resumed(
  target: PushTarget,
  { url, leastChunk }: Session,
  { size }: Descriptor,
  signal: AbortSignal,
): Promise<Session | undefined> {
  try {
    const answer = await target.request({ method: 'GET', path: url, accept: [204], signal });
    answer.discard();
    const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range?.toString() ?? '')?.[1];
    // Some registries say 0-0 of an upload without a byte: what cannot be told is sent again.
    if (last === undefined || last === '0' || Number(last) >= size) return undefined;
    return { ...sessionOf(answer, Number(last) + 1), leastChunk };
  } catch (error) {
    throwIfAborted(signal);
    if (hasCode(error, 'unauthenticated', 'permission-denied')) throw error;
    return undefined;
  }
}

/** A registry forgets uploads by itself after days; this only spares it the room. */
async function cancel(target: PushTarget, { url }: Session): Promise<void> {
  await withDeadline(cancelTimeoutMs, async (signal) => {
    const accept = [200, 202, 204];
    const request = { method: 'DELETE', path: url, accept, attempts: 1, signal } as const;
    (await target.request(request)).discard();
  }).catch(() => {});
}

function sessionOf(answer: RegistryAnswer, offset: number): Session {
  const { location, 'oci-chunk-min-length': least } = answer.headers;
  if (location === undefined || !URL.canParse(location, answer.url.href)) {
    throw uploadError('the registry does not say where to upload to', answer.url);
  }
  const url = new URL(location, answer.url);
  if (url.protocol !== answer.url.protocol && url.protocol !== 'https:') {
    throw uploadError('the registry wants the upload over another protocol', answer.url);
  }
  const leastChunk = Number(least?.toString() ?? 0);
  return { url, offset, leastChunk: Number.isSafeInteger(leastChunk) ? leastChunk : 0 };
}

async function* counted({ read, onOffset }: BlobUpload, from: number, to: number) {
  let offset = from;
  onOffset(offset);
  for await (const part of read(from, to)) {
    yield part;
    offset += part.byteLength;
    onOffset(offset);
  }
}

function lengthOf(bytes: number): Record<string, string> {
  return { 'content-type': 'application/octet-stream', 'content-length': String(bytes) };
}

/** What another attempt may mend. A session that is gone (404, 416) is begun anew. */
function isPassing(error: unknown): boolean {
  if (hasCode(error, 'timeout', 'rate-limited', 'not-found')) return true;
  if (hasCode(error, 'unavailable')) return error.reason !== 'refused' && error.reason !== 'tls';
  return hasCode(error, 'out-of-range');
}

function uploadError(message: string, { host }: URL): CtrdError {
  return new CtrdError(message, { code: 'failed-precondition', reason: 'upload', subject: host });
}
