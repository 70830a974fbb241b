/**
 * Gathers small chunks, and cuts large ones, into messages of a size; the last may be shorter, also
 * that before a failure of the source: what has come is not lost.
 */
export async function* inMessages(
  source: AsyncIterable<Uint8Array>,
  messageBytes: number,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let failure: { readonly error: unknown } | undefined;
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await chunks.next();
      } catch (error) {
        failure = { error };
        break;
      }
      if (next.done === true) break;
      let rest = next.value;
      while (held + rest.byteLength >= messageBytes) {
        const cut = messageBytes - held;
        parts.push(rest.subarray(0, cut));
        yield joined(parts, messageBytes);
        rest = rest.subarray(cut);
        parts = [];
        held = 0;
      }
      if (rest.byteLength > 0) parts.push(rest);
      held += rest.byteLength;
    }
    if (held > 0) yield joined(parts, held);
  } finally {
    if (failure === undefined) await chunks.return?.();
  }
  if (failure !== undefined) throw failure.error;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, size);
}
