/** Gathers small chunks, and cuts large ones, into messages of a size; the last may be shorter. */
export async function* inMessages(
  source: AsyncIterable<Uint8Array>,
  messageBytes: number,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of source) {
    let rest = chunk;
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
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, size);
}
