import { createSign, randomUUID, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small token service in the distribution spec's way, for one registry. */
export interface TokenServer extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
  /** The registry's configuration that sends its clients here. */
  readonly config: string;
  /** Scopes that tokens were asked for, and whether with the right password. */
  readonly asked: { readonly scope: string; readonly withPassword: boolean }[];
}

const service = 'the registry';
const issuer = 'the token server';

/**
 * @param files - a certificate with its key (PEM), whose signature the registry believes.
 * @param options.lifetimeSeconds - of a token. Default: 300.
 */
export async function tokenServer(
  files: { readonly cert: string; readonly key: string },
  options: { readonly lifetimeSeconds?: number } = {},
): Promise<TokenServer> {
  const { lifetimeSeconds = 300 } = options;
  const key = await readFile(files.key, 'utf8');
  const certificate = new X509Certificate(await readFile(files.cert));
  const asked: TokenServer['asked'] = [];
  const password = `Basic ${Buffer.from('me:secret').toString('base64')}`;

  function token(scopes: readonly string[]): string {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const head = { typ: 'JWT', alg: 'RS256', x5c: [certificate.raw.toString('base64')] };
    const claims = {
      ...{ iss: issuer, sub: 'me', aud: service, jti: randomUUID(), access },
      ...{ iat: now, nbf: now - 10, exp: now + lifetimeSeconds },
    };
    const signed = [head, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
  }

  const server = http.createServer((request, response) => {
    const scopes = new URL(request.url ?? '/', 'http://token').searchParams.getAll('scope');
    const withPassword = request.headers.authorization === password;
    for (const scope of scopes) asked.push({ scope, withPassword });
    if (!withPassword) {
      response.writeHead(401).end();
      return;
    }
    response.end(JSON.stringify({ token: token(scopes), expires_in: lifetimeSeconds }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    asked,
    config: `auth:
  token:
    realm: http://${host}/token
    service: ${service}
    issuer: ${issuer}
    rootcertbundle: ${files.cert}
`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
