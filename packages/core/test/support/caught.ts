import { CtrdError } from '../../src/errors/index.js';

/** The failure of a promise. Throws when there is none, or when it is not a `CtrdError`. */
export async function caught(promise: Promise<unknown>): Promise<CtrdError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CtrdError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
