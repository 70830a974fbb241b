import { CtrdError } from '@ctrd/core';
import { parseJson } from '../oci/manifest.js';
import type { Credentials } from './credentials.js';
import type { HttpAnswer, HttpClient } from './http-client.js';
import { errorDetail, statusError } from './http-error.js';
import { readLimited } from './read-limited.js';
import { checkRealm } from './realm.js';
import type { TlsSettings } from './registry-host.js';
import type { Challenge } from './www-authenticate.js';

export interface BearerToken {
  readonly token: string;
  /** `performance.now()` from which on it is not used any more. */
  readonly expiresAt: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  /** Where the challenge came from. */
  readonly registry: URL;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Further hosts that may be shown credentials. */
  readonly authRealms: readonly string[];
  readonly tls: TlsSettings | undefined;
  readonly signal: AbortSignal;
}

/** Bytes of a token server's answer. */
const answerBytes = 65_536;

/** Seconds that a token lasts when its server does not say (the distribution spec's number). */
const defaultSeconds = 60;

/**
 * Gets a token from the server that a registry names. Credentials go there only under the rules of
 * {@link checkRealm}.
 */
export async function fetchToken(client: HttpClient, request: TokenRequest): Promise<BearerToken> {
  const { challenge, registry, credentials, signal } = request;
  const realm = checkRealm(challenge.params.get('realm'), registry, {
    withCredentials: credentials !== undefined,
    authRealms: request.authRealms,
  });
  const tls = realm.host === registry.host ? request.tls : undefined;
  const answer = await client.send({ ...exchangeOf(realm, request), tls, signal });
  const body = await readLimited(answer.body, answerBytes, 'the token');
  if (answer.status !== 200) throw refused(answer, body, realm);
  const { token, access_token, expires_in } = parseJson(body, 'the token') as TokenAnswer;
  const text = token || access_token;
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
    throw new CtrdError('the token server answered without a token', {
      ...{ code: 'unauthenticated', reason: 'token', subject: realm.host },
    });
  }
  const seconds = typeof expires_in === 'number' && expires_in > 0 ? expires_in : defaultSeconds;
  // Used for the first nine tenths of its life, so that none runs out on the way.
  return { token: text, expiresAt: performance.now() + seconds * 900 };
}

interface TokenAnswer {
  readonly token?: unknown;
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
}

/** A refresh token is posted (OAuth 2), a password sent as `docker` does: basic, by GET. */
function exchangeOf(realm: URL, { challenge, scopes, credentials }: TokenRequest) {
  const service = challenge.params.get('service') ?? '';
  if (credentials !== undefined && 'identityToken' in credentials) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      service,
      scope: scopes.join(' '),
      client_id: 'ctrd',
    });
    const bytes = Buffer.from(form.toString());
    return {
      method: 'POST',
      url: realm,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(bytes.byteLength),
      },
      body: async function* () {
        yield bytes;
      },
    } as const;
  }
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization =
    credentials !== undefined && 'username' in credentials ? basic(credentials) : undefined;
  const headers = authorization === undefined ? {} : { authorization };
  return { method: 'GET', url, headers } as const;
}

export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function refused(answer: HttpAnswer, body: Uint8Array, realm: URL): CtrdError {
  const error = statusError(answer.status, realm.host, errorDetail(body));
  // 400 is what some servers say to a wrong password.
  if (answer.status !== 400 && answer.status !== 403) return error;
  return new CtrdError(`the token server refused: ${error.rawMessage}`, {
    ...{ code: 'unauthenticated', reason: 'token', subject: realm.host, cause: error },
  });
}
