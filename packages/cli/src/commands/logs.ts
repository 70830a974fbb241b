import { CtrdError } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { findContainer } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { parseJsonLine } from '../logs/json-log.js';
import { linesOf } from '../logs/lines.js';
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
  const { jsonLog: path } = await toldOf(info, context.namespace);
  const { client, signal } = context;
  const { follow, tail } = flags;
  const log = client.containerLogs(info.id, { path, follow, tail, signal });
  if (path !== undefined) {
    await printJson(log, flags);
    return;
  }
  const { since, until, timestamps } = flags;
  if (since !== undefined || until !== undefined || timestamps === true) {
    throw new CtrdError('its log has no times, which --since, --until and --timestamps need', {
      ...{ code: 'failed-precondition', reason: 'no-times', subject: info.id },
    });
  }
  for await (const chunk of log) {
    await printChunk(chunk);
  }
};

async function printJson(
  log: AsyncIterable<Uint8Array>,
  { since, until, timestamps }: LogsFlags,
): Promise<void> {
  for await (const line of linesOf(log)) {
    const entry = parseJsonLine(line);
    if (entry === undefined) continue;
    if (since !== undefined && entry.time < since) continue;
    if (until !== undefined && entry.time > until) return;
    const text = timestamps === true ? `${entry.time.toISOString()} ${entry.text}` : entry.text;
    await printChunk(text, process[entry.stream]);
  }
}
