import type { TlsSettings } from './http-client.js';

/** A host that serves the images of a registry: the registry itself or a mirror. */
export interface RegistryHost {
  /** Where its API begins: `https://registry-1.docker.io/v2/`. */
  readonly base: URL;
  /** What it may be asked for. */
  readonly capabilities: ReadonlySet<Capability>;
  /** Whether it is the registry of the reference itself, whose credentials it gets. */
  readonly isOrigin: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings | undefined;
  readonly authRealms: readonly string[];
}

/** `resolve` is trusted to say what a tag means, `pull` only to serve content of a known digest. */
export type Capability = 'resolve' | 'pull' | 'push';

export const allCapabilities: ReadonlySet<Capability> = new Set(['resolve', 'pull', 'push']);
