import { toCtrdError } from '@ctrd/core';
import type { PullProgress } from './pull-api.js';

/** A call whose progress is iterated. */
export interface Followed<T> extends AsyncIterable<PullProgress> {
  /** What the call comes to; iterating is not needed for it. */
  readonly result: Promise<T>;
}

/**
 * Turns the progress of a call into an async iteration, which ends with the call: after its last
 * event, or by throwing what the call throws. A slow reader misses steps, never the latest of each
 * blob, and does not hold up the call. Leaving the iteration does not end the call; its signal does.
 *
 * ```ts
 * const pull = followProgress((onProgress) => client.pullImage('alpine', { onProgress }));
 * for await (const { ref, status, offset, total } of pull) draw(ref, status, offset, total);
 * const image = await pull.result;
 * ```
 */
export function followProgress<T>(
  call: (onProgress: (progress: PullProgress) => void) => Promise<T>,
): Followed<T> {
  // The latest of each, in the order in which they changed.
  const latest = new Map<string, PullProgress>();
  let wake = () => {};
  let ended = false;
  const result = call((progress) => {
    latest.delete(progress.ref);
    latest.set(progress.ref, progress);
    wake();
  });
  const end = () => {
    ended = true;
    wake();
  };
  result.then(end, end);
  return {
    result,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (const [ref, progress] of latest) {
          latest.delete(ref);
          yield progress;
        }
        if (latest.size > 0) continue;
        if (ended) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      await result;
    },
  };
}

/**
 * Progress as the stream of JSON objects that Docker's clients and PouchContainer's read: one after
 * the other, with nothing between. A failure is an object of its own, since the answer's status is
 * long sent; the stream then ends in good order.
 */
export async function* progressJson(progress: AsyncIterable<PullProgress>): AsyncGenerator<string> {
  try {
    for await (const { error, ...step } of progress) if (error === undefined) yield objectOf(step);
  } catch (thrown) {
    const { code, message } = toCtrdError(thrown);
    const errorDetail = { code: httpStatus[code] ?? 500, message };
    yield JSON.stringify({ errorDetail, error: message });
  }
}

function objectOf({ ref, status, offset, total, startedAt, updatedAt }: PullProgress): string {
  return JSON.stringify({
    id: ref,
    status,
    ...(total === 0 ? {} : { progressDetail: { current: offset, total } }),
    started_at: startedAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  });
}

const httpStatus: Readonly<Partial<Record<string, number>>> = {
  'invalid-argument': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'rate-limited': 429,
  unavailable: 503,
  timeout: 504,
};
