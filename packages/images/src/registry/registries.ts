import { CtrdError, hasCode, type Token, throwIfAborted, token } from '@ctrd/core';
import type { ImageReference } from '../reference/reference.js';
import { anonymous, createAuthorizer } from './authorizer.js';
import { type CredentialSource, type Credentials, checkCredentials } from './credentials.js';
import { dockerCredentials } from './docker-config.js';
import {
  createHostClient,
  type HostClient,
  type RegistryAnswer,
  type RegistryRequest,
} from './host-client.js';
import { hostsFromFolders } from './hosts-folder.js';
import { createHttpClient } from './http-client.js';
import { chooseProxy, type ProxyChoice, proxyFromEnvironment } from './proxy.js';
import {
  allCapabilities,
  type Capability,
  type HostSource,
  isOrigin,
  originHost,
  type RegistryHost,
} from './registry-host.js';
import { checkRegistryOptions, type RegistryOptions } from './registry-options.js';

/** Registries, as a client reaches them: over which hosts, as whom, through what. */
export interface Registries extends Disposable {
  /**
   * A repository in a registry, for one call: its tokens are shared by all requests of the call.
   *
   * @param options.credentials - of the registry itself; mirrors never see them.
   */
  open(
    reference: Pick<ImageReference, 'domain' | 'path'>,
    options: { credentials?: Credentials | undefined; signal: AbortSignal },
  ): Promise<Registry>;
  /** Ends the connections that are kept open. */
  [Symbol.dispose](): void;
}

export const Registries: Token<Registries, 'Registries'> = token('Registries', {
  from: '@ctrd/images',
});

/** A repository with the hosts that serve it. */
export interface Registry {
  /** `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** `library/alpine`. */
  readonly repository: string;
  /** Those that may be asked for something, in order. */
  hosts(capability: Capability): readonly HostClient[];
  /**
   * Asks one host after the other. Throws what the one said that got furthest: the last that
   * answered, or the last.
   */
  request(capability: Capability, request: RegistryRequest): Promise<RegistryAnswer>;
  /** Those of the registry itself, whatever its mirrors take. */
  credentials(signal: AbortSignal): Promise<Credentials | undefined>;
  /** A host that has nothing to do with the registry, and gets no credentials. */
  elsewhere(url: URL): HostClient;
  /** Whether a proxy stands before one of the hosts. */
  readonly isProxied: boolean;
  /** Milliseconds in which at least one byte must move. */
  readonly idleTimeoutMs: number;
}

export function createRegistries(options: RegistryOptions = {}): Registries {
  const { insecure = [], authRealms = [], mirrors = {} } = checkRegistryOptions(options);
  const { idleTimeoutMs = 60_000, attempts = 5, retryDelayMs = 250 } = options;
  const source = options.credentials ?? dockerCredentials();
  const proxy = proxyOf(options);
  const client = createHttpClient({ proxy, idleTimeoutMs });
  const originOf = (domain: string) => originHost(domain, insecure);
  const sources: readonly HostSource[] = [
    ...(options.hosts === undefined ? [] : [options.hosts]),
    (domain) => mirrored(mirrors[domain], originOf(domain)),
    hostsFromFolders(options.hostsFolders ?? ['/etc/containerd/certs.d'], originOf),
  ];

  function hostClient(host: RegistryHost, domain: string, own: Credentials | undefined) {
    const isMirror = !isOrigin(host, domain);
    const name = isMirror ? host.base.host : domain;
    const credentials = isMirror || own === undefined ? onceOf(source, name) : async () => own;
    const { base: registry, tls } = host;
    return createHostClient({
      ...{ client, host, attempts, retryDelayMs },
      authorizer: createAuthorizer({ client, registry, tls, authRealms, credentials }),
      namespace: isMirror ? domain : undefined,
    });
  }

  return {
    async open({ domain, path }, { credentials, signal }) {
      const own = credentials === undefined ? undefined : checkCredentials(credentials);
      const hosts = await firstHosts(sources, domain, signal);
      const clients = (hosts ?? [originOf(domain)]).map((host) => hostClient(host, domain, own));
      const elsewhere = ({ origin }: URL) => {
        const host = { base: new URL(origin), capabilities: allCapabilities };
        const authorizer = anonymous(host.base);
        const namespace = undefined;
        return createHostClient({ client, host, authorizer, namespace, attempts, retryDelayMs });
      };
      const ask = own === undefined ? onceOf(source, domain) : async () => own;
      const isProxied = clients.some(({ host }) => proxy(host.base) !== undefined);
      return registryOf(domain, path, clients, {
        ...{ credentials: ask, elsewhere, isProxied, idleTimeoutMs },
      });
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function registryOf(
  domain: string,
  repository: string,
  clients: readonly HostClient[],
  rest: Omit<Registry, 'domain' | 'repository' | 'hosts' | 'request'>,
): Registry {
  const hosts = (capability: Capability) =>
    clients.filter(({ host }) => host.capabilities.has(capability));
  return {
    domain,
    repository,
    hosts,
    ...rest,
    async request(capability, request) {
      let worst: unknown;
      for (const host of hosts(capability)) {
        try {
          return await host.request(request);
        } catch (error) {
          throwIfAborted(request.signal);
          worst = furthest(worst, error);
        }
      }
      throw worst ?? noHost(domain, capability);
    },
  };
}

/** Of two hosts' failures the one that says more: an answer, before none. */
export function furthest(one: unknown, other: unknown): unknown {
  const isSilence = (error: unknown) => hasCode(error, 'unavailable', 'timeout');
  return one !== undefined && isSilence(other) && !isSilence(one) ? one : other;
}

export function noHost(domain: string, capability: Capability): CtrdError {
  return new CtrdError(`no host of the registry may be asked to ${capability}`, {
    ...{ code: 'failed-precondition', reason: 'hosts', subject: domain },
  });
}

async function firstHosts(
  sources: readonly HostSource[],
  domain: string,
  signal: AbortSignal,
): Promise<readonly RegistryHost[] | undefined> {
  for (const source of sources) {
    const hosts = await source(domain, { signal });
    if (hosts !== undefined) return hosts;
  }
  return undefined;
}

/** Mirrors serve what is named by its digest, and say what a tag means; nothing is pushed to them. */
function mirrored(
  mirrors: readonly string[] | undefined,
  origin: RegistryHost,
): readonly RegistryHost[] | undefined {
  if (mirrors === undefined || mirrors.length === 0) return undefined;
  const capabilities = new Set<Capability>(['resolve', 'pull']);
  return [
    ...mirrors.map((mirror) => {
      const base = new URL(mirror);
      base.pathname = `${base.pathname.replace(/\/+$/, '')}/v2/`;
      return { base, capabilities };
    }),
    { ...origin, capabilities: allCapabilities },
  ];
}

function onceOf(source: CredentialSource, host: string) {
  let asked: Promise<Credentials | undefined> | undefined;
  const ask = async (signal: AbortSignal) => {
    const found = await source(host, { signal });
    return found === undefined ? undefined : checkCredentials(found);
  };
  return (signal: AbortSignal) => (asked ??= ask(signal));
}

function proxyOf({ proxy }: RegistryOptions): ProxyChoice {
  if (proxy === false) return () => undefined;
  if (proxy === undefined) return chooseProxy(proxyFromEnvironment());
  return chooseProxy(typeof proxy === 'string' ? { http: proxy, https: proxy } : proxy);
}
