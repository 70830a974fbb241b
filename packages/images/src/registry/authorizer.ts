import { CtrdError } from '@ctrd/core';
import { type BearerToken, basic, fetchToken } from './bearer-token.js';
import type { Credentials } from './credentials.js';
import type { HttpClient, TlsSettings } from './http-client.js';
import { type Challenge, parseChallenges } from './www-authenticate.js';

/** Proves to one registry who asks. It never sees another host. */
export interface Authorizer {
  /** What is known to be wanted, before the registry has asked. */
  headers(scopes: readonly string[], signal: AbortSignal): Promise<Record<string, string>>;
  /**
   * Takes a 401. Answers the headers of another attempt. Throws `unauthenticated` when there is
   * nothing more to try.
   */
  challenged(
    header: string,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<Record<string, string>>;
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
    fresh: boolean,
  ): Promise<Record<string, string>> {
    const credentials = await options.credentials(signal);
    if (credentials !== undefined && 'registryToken' in credentials) {
      if (fresh) throw rejected(registry, true);
      return { authorization: `Bearer ${credentials.registryToken}` };
    }
    const all = withChallenged(scopes, challenge);
    const key = all.join(' ');
    const known = await tokens.get(key)?.catch(() => undefined);
    if (!fresh && known !== undefined && known.expiresAt > performance.now())
      return headerOf(known);
    const request = { challenge, registry, scopes: all, credentials, authRealms, tls, signal };
    const next = fetchToken(client, request);
    tokens.set(key, next);
    try {
      return headerOf(await next);
    } catch (error) {
      if (tokens.get(key) === next) tokens.delete(key);
      throw error;
    }
  }

  async function answer(
    challenge: Challenge,
    scopes: readonly string[],
    signal: AbortSignal,
    fresh: boolean,
  ): Promise<Record<string, string>> {
    if (challenge.scheme === 'bearer') return await bearer(challenge, scopes, signal, fresh);
    const credentials = await options.credentials(signal);
    if (credentials === undefined || !('username' in credentials)) {
      throw rejected(registry, credentials !== undefined);
    }
    return basic(credentials);
  }

  return {
    async headers(scopes, signal) {
      return wanted === undefined ? {} : await answer(wanted, scopes, signal, false);
    },
    async challenged(header, scopes, signal) {
      const challenges = parseChallenges(header);
      const challenge =
        challenges.find(({ scheme }) => scheme === 'bearer') ??
        challenges.find(({ scheme }) => scheme === 'basic');
      if (challenge === undefined) {
        throw new CtrdError('the registry wants a way of authentication that is not supported', {
          ...{ code: 'unauthenticated', reason: 'scheme', subject: registry.host },
        });
      }
      const again = wanted !== undefined;
      wanted = challenge;
      return await answer(challenge, scopes, signal, again);
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

function headerOf({ token }: BearerToken): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

export function rejected({ host }: URL, hadCredentials: boolean): CtrdError {
  const message = hadCredentials
    ? 'the registry does not take the credentials'
    : 'the registry wants credentials: log in, or give them as auth';
  return new CtrdError(message, { code: 'unauthenticated', subject: host });
}
