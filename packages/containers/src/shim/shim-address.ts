import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessKey } from '../exits/exit-message.js';

/** Where containerd keeps the sockets of shims and, by default, its state. */
const stateDir = '/run/containerd';

/**
 * Where the shim of a container may listen, the likeliest first: containerd names the socket by the
 * daemon's own socket, the namespace and the id (`pkg/shim`, `SocketAddress`), since 1.4. Shims that
 * serve a whole pod are named by its sandbox; the folder of the task tells, if the daemon has its
 * state at the usual place.
 */
export async function* shimAddresses(
  daemonAddress: string,
  namespace: string,
  { containerId }: ProcessKey,
): AsyncGenerator<string> {
  yield namedSocket(daemonAddress, namespace, containerId);
  const real = await realpath(daemonAddress).catch(() => daemonAddress);
  if (real !== daemonAddress) yield namedSocket(real, namespace, containerId);
  const bundle = join(stateDir, 'io.containerd.runtime.v2.task', namespace, containerId);
  const bootstrap = await readFile(join(bundle, 'bootstrap.json'), 'utf8').catch(() => '');
  const told =
    addressIn(bootstrap) ?? (await readFile(join(bundle, 'address'), 'utf8').catch(noFile));
  const path = told === undefined ? undefined : socketOf(told);
  if (path !== undefined) yield path;
}

/** The socket by containerd's rule. */
export function namedSocket(daemonAddress: string, namespace: string, id: string): string {
  const name = createHash('sha256')
    .update(join(daemonAddress, namespace, id))
    .digest('hex');
  return join(stateDir, 's', name);
}

/** What a shim's address means to `connect`: a path, or NUL and an abstract name. */
export function socketOf(address: string): string | undefined {
  const text = address.trim();
  if (text.startsWith('unix://@')) return `\0${text.slice('unix://@'.length)}`;
  const path = text.startsWith('unix://') ? text.slice('unix://'.length) : text;
  if (path.startsWith('\0') || path.startsWith('/')) return path;
  return undefined;
}

/** The address in a `bootstrap.json` of containerd 2, unless the shim speaks another protocol. */
export function addressIn(bootstrap: string): string | undefined {
  try {
    const { address, protocol } = JSON.parse(bootstrap) as Record<string, unknown>;
    return typeof address === 'string' && protocol === 'ttrpc' ? address : undefined;
  } catch {
    return undefined;
  }
}

function noFile(): undefined {}
