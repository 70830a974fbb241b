import type { ContainerInfo } from '@ctrd/client';
import type { Context } from '../context.js';
import { bytesIn, type Log } from '../detached-log.js';
import { printChunk } from '../output/chunk.js';
import { parseJsonLine } from './json-log.js';
import { linesOf } from './lines.js';

/** Which lines of a log that knows their times are printed, and how. */
export interface LineWishes {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly timestamps?: boolean | undefined;
}

/** Prints a plain file as it is, a `json-file` log by lines, each to the stream that it was written to. */
export async function printLog(
  log: AsyncIterable<Uint8Array>,
  json: boolean,
  { since, until, timestamps }: LineWishes = {},
): Promise<void> {
  if (!json) {
    for await (const chunk of log) await printChunk(chunk);
    return;
  }
  for await (const line of linesOf(log)) {
    const entry = parseJsonLine(line);
    if (entry === undefined) continue;
    if (since !== undefined && entry.time < since) continue;
    if (until !== undefined && entry.time > until) return;
    const text = timestamps === true ? `${entry.time.toISOString()} ${entry.text}` : entry.text;
    await printChunk(text, process[entry.stream]);
  }
}

/** Prints what comes into a container's log from now on, until it has ended or the user goes. */
export async function logPrinter(
  { id }: Pick<ContainerInfo, 'id'>,
  { path, json }: Log,
  { client, signal }: Pick<Context, 'client' | 'signal'>,
): Promise<(left: AbortSignal) => Promise<void>> {
  const skipBytes = await bytesIn(path);
  return async (left) => {
    const both = AbortSignal.any([signal, left]);
    const log = client.containerLogs(id, { path, skipBytes, follow: true, signal: both });
    try {
      await printLog(log, json);
    } catch (error) {
      if (!left.aborted) throw error;
    }
  };
}
