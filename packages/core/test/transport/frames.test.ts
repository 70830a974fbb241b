import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameReader, prefix } from '../../src/http2/frames.js';

describe('what arrives', () => {
  it('is cut into the messages that were sent, however it is cut on its way', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.array(bytes), fc.array(fc.integer({ min: 1, max: 50 })), (messages, cuts) => {
        const wire = Buffer.concat(messages.flatMap((one) => [prefix(one.length), one]));
        const reader = createFrameReader(200);
        const read: Uint8Array[] = [];
        const takeAll = () => {
          for (let one = reader.take(); one !== undefined; one = reader.take()) read.push(one);
        };
        let at = 0;
        for (const cut of cuts) {
          reader.put(wire.subarray(at, at + cut));
          at += cut;
          takeAll();
        }
        reader.put(wire.subarray(at));
        takeAll();
        expect(read.map((one) => [...one])).toEqual(messages.map((one) => [...one]));
      }),
    );
  });

  it('is refused when it is too long or compressed', () => {
    const long = createFrameReader(100);
    long.put(prefix(101));
    expect(() => long.take()).toThrow(expect.objectContaining({ code: 'too-large' }));
    const compressed = createFrameReader(100);
    compressed.put(Buffer.from([1, 0, 0, 0, 0]));
    expect(() => compressed.take()).toThrow(expect.objectContaining({ code: 'unimplemented' }));
  });
});
