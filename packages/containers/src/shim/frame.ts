import { CtrdError } from '@ctrd/core';

/**
 * A message of ttrpc. On the wire: the payload's length and the stream's id, four bytes each, the
 * type and flags, one byte each, and the payload.
 */
export interface Frame {
  /** Odd for streams that the client opened. */
  readonly streamId: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

export const frameTypes = { request: 1, response: 2 } as const;

/** The most a payload may have; ttrpc's own limit. */
export const maxPayloadBytes = 4 * 1024 * 1024;

const headerBytes = 10;

/** Throws `too-large`. */
export function encodeFrame({ streamId, type, payload }: Frame): Buffer {
  checkLength(payload.length);
  const frame = Buffer.alloc(headerBytes + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt32BE(streamId, 4);
  // No flags: a call with one request and one response, which every version understands.
  frame.writeUInt8(type, 8);
  frame.set(payload, headerBytes);
  return frame;
}

/**
 * Takes bytes as they come and answers the frames that are complete. Throws `too-large` for a length
 * over the limit, before anything of that size is kept; the connection is of no use then.
 */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let chunks: Buffer[] = [];
  let size = 0;
  /** Bytes that the next frame needs in all, as far as that is known. */
  let needed = headerBytes;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    const frames: Frame[] = [];
    while (size >= needed) {
      const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      chunks = [bytes];
      const length = bytes.readUInt32BE(0);
      checkLength(length);
      needed = headerBytes + length;
      if (size < needed) break;
      frames.push({
        streamId: bytes.readUInt32BE(4),
        type: bytes.readUInt8(8),
        payload: bytes.subarray(headerBytes, needed),
      });
      chunks = [bytes.subarray(needed)];
      size -= needed;
      needed = headerBytes;
    }
    return frames;
  };
}

function checkLength(length: number): void {
  if (length > maxPayloadBytes) {
    throw new CtrdError(`a ttrpc message has ${length} bytes, and may have ${maxPayloadBytes}`, {
      code: 'too-large',
    });
  }
}
