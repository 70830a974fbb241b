import { CtrdError } from '@ctrd/core';
import type { ImageReference } from '../reference/reference.js';
import type { HostClient, RegistryAnswer, RegistryRequest } from '../registry/host-client.js';
import { noHost, type Registry } from '../registry/registries.js';
import { pushScope } from '../registry/scopes.js';

/** A repository that is pushed to: one host, and what the registry is asked to allow. */
export interface PushTarget {
  readonly domain: string;
  readonly repository: string;
  /** A request below the repository's path (`blobs/…`), or to where the registry said. */
  request(
    request: Omit<RegistryRequest, 'scopes'> & { readonly scopes?: readonly string[] },
  ): Promise<RegistryAnswer>;
}

/** The first host that takes pushes. Throws `failed-precondition` when there is none. */
export function pushTarget(registry: Registry): PushTarget {
  const { domain, repository } = registry;
  const host: HostClient | undefined = registry.hosts('push')[0];
  if (host === undefined) throw noHost(domain, 'push');
  const own = [pushScope(repository)];
  return {
    domain,
    repository,
    request: (request) => {
      const { path, scopes = [] } = request;
      return host.request({
        ...request,
        path: path instanceof URL ? path : `${repository}/${path}`,
        scopes: [...own, ...scopes],
      });
    },
  };
}

/** What a manifest is called there: its tag, or its digest when the reference has none. */
export function manifestName({ tag, digest }: ImageReference, target: string): string {
  if (digest !== undefined && digest !== target) {
    throw new CtrdError(`the image is ${target}, which cannot be pushed as ${digest}`, {
      code: 'invalid-argument',
      field: 'to',
    });
  }
  return digest ?? tag ?? 'latest';
}
