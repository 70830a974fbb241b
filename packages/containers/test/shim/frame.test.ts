import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFrameReader,
  encodeFrame,
  type Frame,
  maxPayloadBytes,
} from '../../src/shim/frame.js';

const frames = fc.array(
  fc.record({
    streamId: fc.integer({ min: 0, max: 0xffffffff }),
    type: fc.integer({ min: 0, max: 255 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 8 },
);

/** Reads bytes in pieces, cut at the given places. */
function readInPieces(bytes: Buffer, cuts: readonly number[]): Frame[] {
  const read = createFrameReader();
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  let from = 0;
  return places.flatMap((place) => {
    const piece = bytes.subarray(from, place);
    from = place;
    return read(piece);
  });
}

describe('frames of ttrpc', () => {
  it('are length, stream, type and flags, in big endian, and the payload', () => {
    const frame = encodeFrame({ streamId: 3, type: 1, payload: Buffer.from('hi') });
    expect(frame.toString('hex')).toBe('000000020000000301006869');
  });

  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const got = readInPieces(Buffer.concat(sent.map(encodeFrame)), cuts);
        expect(got.map((frame) => ({ ...frame, payload: [...frame.payload] }))).toEqual(
          sent.map((frame) => ({ ...frame, payload: [...frame.payload] })),
        );
      }),
    );
  });

  it('have at most 4 MiB of payload, in both directions', () => {
    const payload = new Uint8Array(maxPayloadBytes);
    expect(createFrameReader()(encodeFrame({ streamId: 1, type: 2, payload }))).toHaveLength(1);
    const larger = { streamId: 1, type: 2, payload: new Uint8Array(maxPayloadBytes + 1) };
    expect(() => encodeFrame(larger)).toThrow(expect.objectContaining({ code: 'too-large' }));
    const header = Buffer.from('0040000100000001020000', 'hex');
    expect(() => createFrameReader()(header)).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });

  it('of any bytes are read, or refused as too large, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const read = createFrameReader();
        try {
          for (const chunk of chunks) read(Buffer.from(chunk));
        } catch (error) {
          expect(error).toMatchObject({ code: 'too-large' });
        }
      }),
    );
  });
});
