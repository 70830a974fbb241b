import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ContainerInfo } from '@ctrd/client';

/** Where the output of a detached container is kept until it is removed. */
export function logPath(namespace: string, id: string): string {
  return join(process.env['CTRD_LOG_DIR'] || '/var/lib/ctrd/logs', namespace, `${id}.log`);
}

/** The URI by which the shim appends to it. */
export function logUri(path: string): `file:///${string}` {
  return pathToFileURL(path).href as `file:///${string}`;
}

/** The log of a container, if this command made it; a file of somebody else's choice stays his. */
export function ownLog(
  { id, logPath }: Pick<ContainerInfo, 'id' | 'logPath'>,
  namespace: string,
): string | undefined {
  return logPath?.endsWith(`/${namespace}/${id}.log`) ? logPath : undefined;
}
