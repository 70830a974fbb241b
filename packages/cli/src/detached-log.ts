import { join } from 'node:path';

/** The library's label that says where a container's output goes. */
const logLabel = 'ctrd/log-path';

/** Where the output of a detached container is kept until it is removed. */
export function logPath(namespace: string, id: string): string {
  return join(process.env['CTRD_LOG_DIR'] || '/var/lib/ctrd/logs', namespace, `${id}.log`);
}

/** The URI by which the shim appends to it. */
export function logUri(path: string): `file:///${string}` {
  return `file:///${path.replace(/^\/+/, '')}`;
}

/**
 * The log of a container, if this command made one. An image's labels become its containers', so a
 * path that does not belong to this very container is not believed.
 */
export function loggedTo(
  { id, labels }: { readonly id: string; readonly labels: Readonly<Record<string, string>> },
  namespace: string,
): string | undefined {
  const path = labels[logLabel];
  return path?.endsWith(`/${namespace}/${id}.log`) ? path : undefined;
}
