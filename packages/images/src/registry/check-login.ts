import { type CallControl, mergeSignals, toCtrdError } from '@ctrd/core';
import type { Login } from './docker-login.js';
import { createRegistries, noHost } from './registries.js';
import { isOrigin } from './registry-host.js';
import type { RegistryOptions } from './registry-options.js';

/**
 * Asks a registry whether it takes a login: by what every registry has at the beginning of its API,
 * with its own way of authentication, basic or with a token. Mirrors are not asked. One that wants no
 * login takes any.
 *
 * Throws `unauthenticated` or `permission-denied` when it does not, `unavailable` when it cannot be
 * asked.
 *
 * @param host - `docker.io`, `localhost:5000`
 * @param options.registry - how it is reached. Default: as pulls reach it.
 */
export async function checkLogin(
  host: string,
  login: Login,
  {
    registry: reached = {},
    ...control
  }: CallControl & { readonly registry?: RegistryOptions | undefined } = {},
): Promise<void> {
  using merged = mergeSignals(control);
  using registries = createRegistries(reached);
  const { signal } = merged;
  try {
    const repository = { domain: host, path: '' };
    const registry = await registries.open(repository, { credentials: login, signal });
    const origin = registry.hosts('resolve').find((one) => isOrigin(one.host, host));
    if (origin === undefined) throw noHost(host, 'resolve');
    const answer = await origin.request({
      ...{ method: 'GET', path: '', scopes: [], accept: [200], signal },
    });
    answer.discard();
  } catch (error) {
    throw toCtrdError(error).within({ operation: 'checkLogin', subject: host });
  }
}
