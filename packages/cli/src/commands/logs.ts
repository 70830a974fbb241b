import { CtrdError, hasCode } from '@ctrd/client/core';
import type { Context, Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { parseJsonLine } from '../logs/json-log.js';
import { linesOf, plainFile } from '../logs/plain-file.js';
import { printChunk } from '../output/chunk.js';

interface LogsFlags {
  readonly follow?: true;
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
  readonly timestamps?: true;
}

/** Our own containers' logs are plain files; nerdctl's and Docker's know the time of each line. */
export const logs: Run<LogsFlags> = async ([reference = ''], flags, context) => {
  const info = await findContainer(context, reference);
  const { jsonLog } = await toldOf(info, context.namespace);
  if (jsonLog !== undefined) {
    await printJson(jsonLog, flags, { ...context, id: info.id, running: info.pid !== 0 });
    return;
  }
  const { since, until, timestamps, follow, tail } = flags;
  if (since !== undefined || until !== undefined || timestamps === true) {
    throw new CtrdError('its log has no times, which --since, --until and --timestamps need', {
      ...{ code: 'failed-precondition', reason: 'no-times', subject: info.id },
    });
  }
  const { client, signal } = context;
  for await (const chunk of client.containerLogs(info.id, { follow, tail, signal })) {
    await printChunk(chunk);
  }
};

type JsonLogPlace = Pick<Context, 'client' | 'signal'> & {
  readonly id: string;
  readonly running: boolean;
};

async function printJson(
  path: string,
  { since, until, timestamps, follow, tail }: LogsFlags,
  { client, signal, id, running }: JsonLogPlace,
): Promise<void> {
  const ended = new AbortController();
  const end = async () => {
    try {
      if (running) await client.waitContainer(id, { signal });
    } catch (error) {
      // Removed while it was followed: that is its end as well.
      if (!hasCode(error, 'not-found')) throw error;
    } finally {
      ended.abort();
    }
  };
  const ending = follow === true ? end() : Promise.resolve();
  // Its failure is told at the end of the log, if that is reached.
  ending.catch(() => {});
  const part = { tail, signal, until: follow === true ? ended.signal : undefined };
  for await (const line of linesOf(plainFile(path, part))) {
    const entry = parseJsonLine(line);
    if (entry === undefined) continue;
    if (since !== undefined && entry.time < since) continue;
    if (until !== undefined && entry.time > until) return;
    const text = timestamps === true ? `${entry.time.toISOString()} ${entry.text}` : entry.text;
    await printChunk(text, process[entry.stream]);
  }
  await ending;
}
