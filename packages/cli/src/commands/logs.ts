import { CtrdError } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { logOf } from '../detached-log.js';
import { findContainer } from '../find-container.js';
import { toldOf } from '../foreign.js';
import { printLog } from '../logs/print-log.js';

interface LogsFlags {
  readonly follow?: true;
  readonly tail?: number | 'all';
  readonly since?: Date;
  readonly until?: Date;
  readonly timestamps?: true;
}

/** What the shim writes by itself has no times; nerdctl, Docker and our own logger note them. */
export const logs: Run<LogsFlags> = async ([reference = ''], flags, context) => {
  const { client, signal, namespace } = context;
  const info = await findContainer(context, reference);
  const { jsonLog } = await toldOf(info, namespace);
  const log = jsonLog === undefined ? logOf(info) : { path: jsonLog, json: true };
  if (log === undefined) {
    throw new CtrdError('it has no log', {
      ...{ code: 'failed-precondition', reason: 'no-log', subject: info.id },
    });
  }
  const { follow, tail, since, until, timestamps } = flags;
  const timed = since !== undefined || until !== undefined || timestamps === true;
  if (timed && !log.json) {
    throw new CtrdError('its log has no times: --since, --until and --timestamps need them', {
      ...{ code: 'failed-precondition', reason: 'no-times', subject: info.id },
    });
  }
  const lines = tail === 'all' ? undefined : tail;
  const bytes = client.containerLogs(info.id, { path: log.path, follow, tail: lines, signal });
  await printLog(bytes, log.json, flags);
};
