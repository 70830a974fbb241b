import { CtrdError, orAborted, throwIfAborted } from '@ctrd/core';
import type { ImagePolicy, ImageQuestion, ImageVerdict } from './image-policy.js';

/**
 * Asks the policy about an image. Throws `permission-denied` (reason `policy`) unless it says yes:
 * also when it fails, and when its answer is no verdict at all.
 */
export async function admitImage(policy: ImagePolicy, question: ImageQuestion): Promise<void> {
  const { signal, reference, target } = question;
  let verdict: ImageVerdict;
  try {
    // A policy that does not look at the signal must not hold the call for ever.
    verdict = await orAborted(signal, asked(policy, question));
  } catch (cause) {
    throwIfAborted(signal);
    throw refused(`could not be verified: ${messageOf(cause)}`, cause);
  }
  if (verdict?.allowed === true) return;
  throw refused(verdict?.allowed === false ? `is refused: ${verdict.why}` : 'is refused');

  function refused(what: string, cause?: unknown): CtrdError {
    return new CtrdError(`the image (${target.digest}) ${what}`, {
      code: 'permission-denied',
      reason: 'policy',
      subject: reference,
      cause,
    });
  }
}

/** A policy that throws at once is like one that rejects. */
async function asked(policy: ImagePolicy, question: ImageQuestion): Promise<ImageVerdict> {
  return await policy.judge(question);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
