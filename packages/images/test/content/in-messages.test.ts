import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMessages } from '../../src/content/in-messages.js';

/** Messages as they are when they come; later ones use the same memory. */
async function gathered(source: AsyncIterable<Uint8Array>, size: number): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for await (const message of inMessages(source, size)) messages.push(Buffer.from(message));
  return messages;
}

async function* chunksOf(lengths: readonly number[], failure?: Error) {
  let next = 0;
  for (const length of lengths) yield Uint8Array.from({ length }, () => next++ & 255);
  if (failure !== undefined) throw failure;
}

describe('content in messages', () => {
  it('is the same content, in messages of the size but for the last', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 17 }), async (of, size) => {
        const messages = await gathered(chunksOf(of), size);
        const whole = Buffer.concat(messages);
        const total = of.reduce((sum, length) => sum + length, 0);
        expect(whole).toEqual(Buffer.from(Array.from({ length: total }, (_, at) => at & 255)));
        expect(messages.slice(0, -1).every(({ byteLength }) => byteLength === size)).toBe(true);
        expect(messages.every(({ byteLength }) => byteLength > 0)).toBe(true);
      }),
    );
  });

  it('comes to its end before the failure of its source', async () => {
    const failure = new Error('cut off');
    const messages: Buffer[] = [];
    const read = async () => {
      for await (const message of inMessages(chunksOf([3, 3], failure), 4)) {
        messages.push(Buffer.from(message));
      }
    };
    await expect(read()).rejects.toBe(failure);
    expect(Buffer.concat(messages)).toHaveLength(6);
  });
});
