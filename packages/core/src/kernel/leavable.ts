/**
 * What a generator gives, for readers who may leave at any time. A bare generator lets a reader who
 * waits for an item go only with that item, which may never come; this one ends its signal then.
 */
export function leavable<T>(
  generate: (left: AbortSignal) => AsyncGenerator<T, void>,
): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterate(generate) };
}

function iterate<T>(
  generate: (left: AbortSignal) => AsyncGenerator<T, void>,
): AsyncIterator<T, void> {
  const leaving = new AbortController();
  const items = generate(leaving.signal);
  let waiting = 0;
  return {
    async next() {
      waiting += 1;
      try {
        return await items.next();
      } catch (error) {
        // What ended the wait is that the reader left.
        if (leaving.signal.aborted) return { done: true, value: undefined };
        throw error;
      } finally {
        waiting -= 1;
      }
    },
    async return() {
      if (waiting > 0) leaving.abort();
      return await items.return();
    },
  };
}
