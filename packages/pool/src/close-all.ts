import { CtrdError, toCtrdError } from '@ctrd/core';

/** Awaits every one, whatever becomes of the others; throws the one failure, or all as one. */
export async function closeAll(closing: readonly Promise<unknown>[]): Promise<void> {
  const failures: CtrdError[] = [];
  for (const result of await Promise.allSettled(closing)) {
    if (result.status === 'rejected') failures.push(toCtrdError(result.reason));
  }
  const [first, ...more] = failures;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  const message = `${failures.length} connections could not be closed`;
  throw new CtrdError(message, { code: 'internal', cause: new AggregateError(failures, message) });
}
