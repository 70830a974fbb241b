import { invalidArgument } from '@ctrd/core';
import type { CredentialSource } from './credentials.js';
import type { ProxySettings } from './proxy.js';
import type { HostSource } from './registry-host.js';

/** How registries are reached. */
export interface RegistryOptions {
  /** Who asks. Default: what `docker login` has stored ({@link dockerCredentials}). */
  readonly credentials?: CredentialSource | undefined;
  /**
   * An HTTP proxy for all registries (`http://proxy:3128`), or one a scheme. `false`: none. Default:
   * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. This machine is never reached through a proxy.
   */
  readonly proxy?: string | ProxySettings | false | undefined;
  /** Mirrors of a registry, asked before it: `{ 'docker.io': ['https://mirror.example'] }`. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>> | undefined;
  /**
   * Folders in the form of containerd's `certs.d`, with a `hosts.toml` or certificates a registry.
   * Default: `/etc/containerd/certs.d`.
   */
  readonly hostsFolders?: readonly string[] | undefined;
  /** Asked before mirrors and folders. */
  readonly hosts?: HostSource | undefined;
  /** Registries that are reached over plain HTTP, by their exact host: `registry.example:5000`. */
  readonly insecure?: readonly string[] | undefined;
  /** Token servers that may be shown credentials though they are on another host than the registry. */
  readonly authRealms?: readonly string[] | undefined;
  /** Milliseconds in which at least one byte must move. Default: 60 s. */
  readonly idleTimeoutMs?: number | undefined;
  /** How often a request that failed for a passing reason is sent in all. Default: 5. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second attempt; each further one waits twice as long. Default: 250. */
  readonly retryDelayMs?: number | undefined;
}

/** Throws `invalid-argument`. */
export function checkRegistryOptions(options: RegistryOptions): RegistryOptions {
  const { idleTimeoutMs = 1, attempts = 1, retryDelayMs = 0, insecure = [] } = options;
  const check = (name: string, isRight: boolean, rule: string, value: unknown) => {
    if (!isRight) throw invalidArgument(`registry.${name}`, rule, value);
  };
  check('idleTimeoutMs', idleTimeoutMs > 0, 'be a number above 0', idleTimeoutMs);
  check(
    'attempts',
    Number.isInteger(attempts) && attempts > 0,
    'be a whole number above 0',
    attempts,
  );
  check('retryDelayMs', retryDelayMs >= 0, 'be a number of at least 0', retryDelayMs);
  for (const host of [...insecure, ...(options.authRealms ?? [])]) {
    const isHost = URL.canParse(`https://${host}`) && !/[/@?#*]/.test(host);
    check('insecure and authRealms', isHost, 'name hosts exactly, with their port', host);
  }
  for (const [domain, mirrors] of Object.entries(options.mirrors ?? {})) {
    for (const mirror of mirrors) {
      const isUrl = URL.canParse(mirror) && /^https?:\/\//.test(mirror);
      check(`mirrors.${domain}`, isUrl, 'be URLs of https or http', mirror);
    }
  }
  return options;
}
