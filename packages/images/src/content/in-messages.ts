/**
 * Gathers small chunks, and cuts large ones, into messages of a size; the last may be shorter, also
 * that before a failure of the source: what has come is not lost. A message is good until the next
 * is asked for: all that are gathered use the same memory.
 */
export async function* inMessages(
  source: AsyncIterable<Uint8Array>,
  messageBytes: number,
): AsyncGenerator<Uint8Array> {
  let room = Buffer.alloc(0);
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
        const cut = rest.subarray(0, messageBytes - held);
        if (held > 0) room.set(cut, held);
        yield held > 0 ? room : cut;
        rest = rest.subarray(cut.byteLength);
        held = 0;
      }
      if (rest.byteLength === 0) continue;
      if (room.byteLength === 0) room = Buffer.allocUnsafeSlow(messageBytes);
      room.set(rest, held);
      held += rest.byteLength;
    }
    if (held > 0) yield room.subarray(0, held);
  } finally {
    if (failure === undefined) await chunks.return?.();
  }
  if (failure !== undefined) throw failure.error;
}
