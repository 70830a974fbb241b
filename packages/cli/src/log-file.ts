import { join } from 'node:path';

/** The label that says where a detached container's output goes. */
export const logLabel = 'ctrd/log-path';

/** Where the output of a detached container is kept until it is removed. */
export function logPath(namespace: string, id: string): string {
  return join(process.env['CTRD_LOG_DIR'] || '/var/lib/ctrd/logs', namespace, `${id}.log`);
}

/** The URI by which the shim appends to a file. */
export function logUri(path: string): `file:///${string}` {
  return `file:///${path.replace(/^\/+/, '')}`;
}
