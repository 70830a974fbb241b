import { CtrdError } from '../errors/index.js';

/** Before each message: whether it is compressed, and how long it is. */
const prefixBytes = 5;

/** The prefix of a message that is not compressed. */
export function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(prefixBytes);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

export function tooLarge(length: number, most: number): CtrdError {
  return new CtrdError(`the message has ${length} bytes, ${most} is the limit`, {
    code: 'too-large',
  });
}

/** Cuts what arrives into messages. */
export interface FrameReader {
  put(chunk: Buffer): void;
  /** The next whole message. Throws `too-large` and `unimplemented`. */
  take(): Uint8Array | undefined;
}

export function createFrameReader(maxMessageBytes: number): FrameReader {
  const chunks: Buffer[] = [];
  let held = 0;
  let length: number | undefined;

  /** The next bytes: a view of a chunk where they are in one, else copied together, once. */
  function cut(size: number): Buffer {
    held -= size;
    const [first] = chunks;
    if (first === undefined || first.byteLength < size) return gathered(size);
    if (first.byteLength === size) chunks.shift();
    else chunks[0] = first.subarray(size);
    return first.subarray(0, size);
  }

  function gathered(size: number): Buffer {
    const whole = Buffer.allocUnsafeSlow(size);
    let at = 0;
    let used = 0;
    for (; at < size; used += 1) {
      const chunk = chunks[used];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, size - at);
      whole.set(part, at);
      at += part.byteLength;
      if (part.byteLength < chunk.byteLength) {
        chunks[used] = chunk.subarray(part.byteLength);
        break;
      }
    }
    chunks.splice(0, used);
    return whole;
  }

  return {
    put(chunk) {
      if (chunk.byteLength === 0) return;
      chunks.push(chunk);
      held += chunk.byteLength;
    },
    take() {
      if (length === undefined) {
        if (held < prefixBytes) return undefined;
        const start = cut(prefixBytes);
        if (start[0] !== 0) {
          throw new CtrdError('the answer is compressed, which was not asked for', {
            code: 'unimplemented',
          });
        }
        length = start.readUInt32BE(1);
        if (length > maxMessageBytes) throw tooLarge(length, maxMessageBytes);
      }
      if (held < length) return undefined;
      const message = length === 0 ? Buffer.alloc(0) : cut(length);
      length = undefined;
      return message;
    },
  };
}
