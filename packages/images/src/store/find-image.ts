import { CtrdError, hasCode } from '@ctrd/core';
import { normalizeReference } from '../reference/reference.js';
import type { ImageRecord, ImageStore } from './image-store.js';

/**
 * The record of a reference: of its normalized form, or of the text as it is, since other clients
 * name records as they like. Throws `not-found`, and `invalid-argument` before anything is sent.
 */
export async function findImage(
  images: ImageStore,
  reference: string,
  place: { readonly signal: AbortSignal },
): Promise<ImageRecord> {
  const name = normalizeReference(reference);
  for (const candidate of new Set([name, reference])) {
    try {
      return await images.get(candidate, place);
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
    }
  }
  throw new CtrdError('there is no such image: pull or import it', {
    code: 'not-found',
    subject: name,
  });
}
