import { CtrdError } from '@ctrd/core';
import { type BearerToken, basic, fetchToken } from './bearer-token.js';
import type { Credentials } from './credentials.js';
import type { HttpClient } from './http-client.js';
import type { TlsSettings } from './registry-host.js';
import { type Challenge, parseChallenges } from './www-authenticate.js';

/** Proves to one registry who asks. It never sees another host. */
export interface Authorizer {
  /** The `Authorization` that is known to be wanted, before the registry has asked. */
  login(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Takes a 401 and what was sent to deserve it. Answers the `Authorization` of another attempt.
   * Throws `unauthenticated` when there is nothing more to try.
   */
  challenged(
    header: string,
    sent: string | undefined,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<string>;
}

export interface AuthorizerOptions {
  readonly client: HttpClient;
  readonly registry: URL;
  readonly authRealms: readonly string[];
  readonly tls: TlsSettings | undefined;
  readonly credentials: (signal: AbortSignal) => Promise<Credentials | undefined>;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { client, registry, authRealms, tls } = options;
  const tokens = new Map<string, Promise<BearerToken>>();
  let wanted: Challenge | undefined;

  /** One token a set of scopes, which everybody who wants it waits for. */
  async function bearer(
    challenge: Challenge,
    scopes: readonly string[],
    signal: AbortSignal,
    rejectedLogin: string | undefined,
  ): Promise<string> {
    const credentials = await options.credentials(signal);
    if (credentials !== undefined && 'registryToken' in credentials) {
      return `Bearer ${credentials.registryToken}`;
    }
    const all = withChallenged(scopes, challenge);
    const key = all.join(' ');
    const cached = tokens.get(key);
    const known = await cached?.catch(() => undefined);
    if (known !== undefined && isFresh(known) && loginOf(known) !== rejectedLogin) {
      return loginOf(known);
    }
    // Whoever waited for the same token meanwhile has asked for the next one already.
    const asked = tokens.get(key);
    const next =
      asked !== undefined && asked !== cached
        ? asked
        : fetchToken(client, {
            ...{ challenge, registry, scopes: all, credentials, authRealms, tls, signal },
          });
    tokens.set(key, next);
    return loginOf(await next);
  }

  async function answer(
    challenge: Challenge,
    scopes: readonly string[],
    signal: AbortSignal,
    sent: string | undefined,
  ): Promise<string> {
    if (challenge.scheme === 'bearer') return await bearer(challenge, scopes, signal, sent);
    const credentials = await options.credentials(signal);
    if (credentials === undefined || !('username' in credentials)) {
      throw rejected(registry, credentials !== undefined);
    }
    return basic(credentials);
  }

  return {
    async login(scopes, signal) {
      return wanted === undefined ? undefined : await answer(wanted, scopes, signal, undefined);
    },
    async challenged(header, sent, scopes, signal) {
      const challenges = parseChallenges(header);
      const challenge =
        challenges.find(({ scheme }) => scheme === 'bearer') ??
        challenges.find(({ scheme }) => scheme === 'basic');
      if (challenge === undefined) {
        throw new CtrdError('the registry wants a way of authentication that is not supported', {
          ...{ code: 'unauthenticated', reason: 'scheme', subject: registry.host },
        });
      }
      wanted = challenge;
      const login = await answer(challenge, scopes, signal, sent);
      if (login === sent) throw rejected(registry, true);
      return login;
    },
  };
}

/** Goes without. */
export function anonymous(server: URL): Authorizer {
  return {
    login: async () => undefined,
    challenged: async () => {
      throw rejected(server, false);
    },
  };
}

function withChallenged(scopes: readonly string[], { params }: Challenge): readonly string[] {
  const asked =
    params
      .get('scope')
      ?.split(' ')
      .filter((scope) => scope !== '') ?? [];
  return [...new Set([...scopes, ...asked])].sort();
}

function isFresh({ expiresAt }: BearerToken): boolean {
  return expiresAt > performance.now();
}

function loginOf({ token }: BearerToken): string {
  return `Bearer ${token}`;
}

export function rejected({ host }: URL, hadCredentials: boolean): CtrdError {
  const message = hadCredentials
    ? 'the registry does not take the credentials'
    : 'the registry wants credentials: log in, or give them';
  return new CtrdError(message, { code: 'unauthenticated', subject: host });
}
