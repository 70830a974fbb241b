import { CtrdError, hasCode, invalidArgument, mergeSignals, type Running } from '@ctrd/core';
import type { LogsOptions } from '../container-options.js';
import type { ContainerParts } from '../lifecycle/parts.js';
import { getRecord } from '../lifecycle/records.js';
import { loggedTo } from '../lifecycle/stdio-extensions.js';
import { waitForExit } from '../lifecycle/stop.js';
import { checkId, checkPath } from '../lifecycle/validate.js';
import { rotatedLog } from './rotated-log.js';

/** Reads what a container has written to its log, whoever made it. */
export async function* containerLogs(
  parts: ContainerParts,
  id: string,
  { follow = false, tail, skipBytes, path: given, signal }: Running<LogsOptions>,
): AsyncGenerator<Buffer, void> {
  checkId(id);
  for (const [field, count] of Object.entries({ tail, skipBytes })) {
    if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
      throw invalidArgument(field, 'be a whole number of at least 0', count);
    }
  }
  if (tail !== undefined && skipBytes !== undefined) {
    throw invalidArgument('skipBytes', 'be left out with tail', skipBytes);
  }
  if (given !== undefined) checkPath('path', given);
  const path = given ?? loggedTo(await getRecord(parts.rpc, id, signal));
  if (path === undefined) {
    throw new CtrdError('it has no log: its output does not go to a file (stdio.stdout)', {
      code: 'failed-precondition',
      reason: 'no-log',
    });
  }
  if (!follow) {
    yield* rotatedLog(path, { tail, skipBytes, signal });
    return;
  }
  const left = new AbortController();
  using merged = mergeSignals({ signal: left.signal }, signal);
  const ended = new AbortController();
  const end = waitForExit(parts, id, merged.signal)
    .then(() => undefined, ignoreGone)
    .finally(() => ended.abort());
  end.catch(() => {});
  try {
    yield* rotatedLog(path, { tail, skipBytes, signal, until: ended.signal });
    await end;
  } finally {
    left.abort();
  }
}

/** One that was removed while it was followed has ended as well. */
function ignoreGone(error: unknown): void {
  if (!hasCode(error, 'not-found')) throw error;
}
