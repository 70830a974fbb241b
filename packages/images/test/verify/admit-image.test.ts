import { describe, expect, it } from 'vitest';
import { admitImage } from '../../src/verify/admit-image.js';
import { anyImage, type ImagePolicy } from '../../src/verify/image-policy.js';

const question = {
  reference: 'docker.io/library/a:1',
  target: { mediaType: 'application/x', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
  origin: 'pull',
  evidence: { manifest: async () => undefined, blob: async () => Buffer.alloc(0) },
} as const;

const ask = (judge: unknown, signal = new AbortController().signal) =>
  admitImage({ judge } as ImagePolicy, { ...question, signal });

describe('whether an image may come in', () => {
  it('lets every image in without a policy', async () => {
    await expect(ask(anyImage.judge)).resolves.toBeUndefined();
  });

  it('refuses with the reason of the policy', async () => {
    await expect(ask(async () => ({ allowed: false, why: 'not signed' }))).rejects.toMatchObject({
      code: 'permission-denied',
      reason: 'policy',
      subject: question.reference,
      message: expect.stringContaining('not signed'),
    });
  });

  it.each([
    ['answers nothing', async () => {}],
    ['answers something else', async () => true],
    ['answers a word', async () => ({ allowed: 'true' })],
    ['answers null', async () => null],
    ['is not asynchronous', () => ({ allowed: 1 })],
    ['is no function', undefined],
  ])('refuses when the policy %s', async (_, judge) => {
    await expect(ask(judge)).rejects.toMatchObject({ code: 'permission-denied', reason: 'policy' });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('the key is lost'))],
    [
      'throws at once',
      () => {
        throw new Error('the key is lost');
      },
    ],
  ])('refuses when the policy %s, and tells why', async (_, judge) => {
    await expect(ask(judge)).rejects.toMatchObject({
      code: 'permission-denied',
      reason: 'policy',
      message: expect.stringContaining('the key is lost'),
      cause: expect.objectContaining({ message: 'the key is lost' }),
    });
  });

  it('does not wait for a policy when the call is aborted', async () => {
    const controller = new AbortController();
    const asked = ask(() => new Promise(() => {}), controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
  });
});
