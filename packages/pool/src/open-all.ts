import { type CallControl, mergeSignals } from '@ctrd/core';
import type { Member } from './member.js';

/**
 * Opens every connection. When one fails the attempts of the others end, those that this call opened
 * are closed again, unless another call is on them by now, and it rejects with the failure.
 */
export async function openAll(members: readonly Member[], control: CallControl): Promise<void> {
  const opened = members.filter(({ open }) => open === undefined);
  const failed = new AbortController();
  using merged = mergeSignals(control, failed.signal);
  const { signal } = merged;
  try {
    await Promise.all(members.map((member) => member.connect({ signal })));
  } catch (error) {
    failed.abort(error);
    const unused = opened.filter(({ view }) => view.inFlight === 0);
    await Promise.allSettled(unused.map((member) => member.rest()));
    throw error;
  }
}
