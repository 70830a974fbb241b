import { CtrdError, hasCode } from '@ctrd/client';
import type { Run } from '../context.js';
import { loggedTo } from '../detached-log.js';
import { findContainer } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { parseJsonLine } from '../logs/json-log.js';
import { type FilePart, linesOf, plainFile } from '../logs/plain-file.js';

interface LogsFlags {
  readonly follow?: true;
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
  readonly timestamps?: true;
}

export const logs: Run<LogsFlags> = async ([reference = ''], flags, context) => {
  const { client, namespace, signal } = context;
  const info = await findContainer(context, reference);
  const ended = new AbortController();
  const end = async () => {
    try {
      if (info.pid !== 0) await client.waitContainer(info.id, { signal });
    } catch (error) {
      // Removed while it was followed: that is its end as well.
      if (!hasCode(error, 'not-found')) throw error;
    } finally {
      ended.abort();
    }
  };
  const part: FilePart = {
    tail: flags.tail,
    signal,
    until: flags.follow === true ? ended.signal : undefined,
  };
  const ending = flags.follow === true ? end() : Promise.resolve();
  const plain = loggedTo(info, namespace);
  const { jsonLog } = await toldOf(info, namespace);
  if (plain !== undefined) await printPlain(plain, part, flags);
  else if (jsonLog !== undefined) await printJson(jsonLog, part, flags);
  else throw noLog('it has no log: only containers that were run with --detach have one', info.id);
  await ending;
};

async function printPlain(
  path: string,
  part: FilePart,
  { since, until, timestamps }: LogsFlags,
): Promise<void> {
  if (since !== undefined || until !== undefined || timestamps === true) {
    throw noLog(
      'the shim writes its log, which notes no times: --since, --until and --timestamps need a log of nerdctl or Docker',
      path,
    );
  }
  for await (const chunk of plainFile(path, part)) {
    if (!process.stdout.write(chunk)) await drained();
  }
}

async function printJson(
  path: string,
  part: FilePart,
  { since, until, timestamps }: LogsFlags,
): Promise<void> {
  for await (const line of linesOf(plainFile(path, part))) {
    const entry = parseJsonLine(line);
    if (entry === undefined) continue;
    if (since !== undefined && entry.time < since) continue;
    if (until !== undefined && entry.time > until) return;
    const text = timestamps === true ? `${entry.time.toISOString()} ${entry.text}` : entry.text;
    process[entry.stream].write(text);
  }
}

/** Waits until whoever reads our output has taken what is there. */
function drained(): Promise<void> {
  return new Promise((resolve) => process.stdout.once('drain', () => resolve()));
}

function noLog(message: string, subject: string): CtrdError {
  return new CtrdError(message, { code: 'failed-precondition', reason: 'no-log', subject });
}
