import { isLoopback } from './proxy.js';

/** How to meet a host over TLS. */
export interface TlsSettings {
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca?: readonly string[] | undefined;
  /** The client's own certificates and keys (PEM). */
  readonly client?: readonly { readonly cert: string; readonly key: string }[] | undefined;
  /** Whether to take any certificate. Default: false. */
  readonly skipVerify?: boolean | undefined;
}

/** A host that serves the images of a registry: the registry itself or a mirror. */
export interface RegistryHost {
  /** Where its API begins, with a slash at the end: `https://registry-1.docker.io/v2/`. */
  readonly base: URL;
  /** What it may be asked for. */
  readonly capabilities: ReadonlySet<Capability>;
  /** Sent with every request to it. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly tls?: TlsSettings | undefined;
}

/** `resolve` is trusted to say what a tag means, `pull` only to serve content of a known digest. */
export type Capability = 'resolve' | 'pull' | 'push';

export const allCapabilities: ReadonlySet<Capability> = new Set(['resolve', 'pull', 'push']);

/**
 * Says which hosts serve the images of a registry (`docker.io`, `localhost:5000`), in the order in
 * which they are asked. It is the whole list: without the registry itself, there is no falling back
 * to it. `undefined` leaves the registry to the next source, at last to the registry alone.
 */
export type HostSource = (
  domain: string,
  options: { readonly signal: AbortSignal },
) => readonly RegistryHost[] | undefined | Promise<readonly RegistryHost[] | undefined>;

/** Where Docker Hub's API is. */
const hub = 'registry-1.docker.io';

/**
 * The registry itself. Plain HTTP is for this machine and for the exact hosts of `insecure`; nothing
 * falls back to it.
 */
export function originHost(domain: string, insecure: readonly string[]): RegistryHost {
  const base = new URL(`https://${domain === 'docker.io' ? hub : domain}/v2/`);
  if (insecure.includes(domain) || isLoopback(base.hostname)) {
    return { base: new URL(`http://${domain}/v2/`), capabilities: allCapabilities };
  }
  return { base, capabilities: allCapabilities };
}

/** Whether a host is the registry itself, whose credentials it may have, and not a mirror of it. */
export function isOrigin({ base }: RegistryHost, domain: string): boolean {
  if (domain === 'docker.io') return base.host === hub || base.host === 'docker.io';
  return base.host === new URL(`${base.protocol}//${domain}`).host;
}
