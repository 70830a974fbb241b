import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { abortError, CtrdError } from '@ctrd/core';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { networkError } from './http-error.js';
import type { ProxyChoice } from './proxy.js';

/** How to meet a host over TLS. */
export interface TlsSettings {
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca?: readonly (string | Buffer)[] | undefined;
  /** The client's own certificate and key (PEM). */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Whether to take any certificate. Default: false. */
  readonly skipVerify?: boolean | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The content, whose length must be in the headers. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | undefined;
  readonly tls?: TlsSettings | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /**
   * The content. It fails with `timeout` when no byte comes for too long, and with `unavailable`
   * when it is cut off. Leaving it early ends the connection.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up the content. */
  discard(): void;
}

/** One HTTP exchange at a time: no redirect, no authentication, no second attempt. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends the connections that are kept open. */
  close(): void;
}

export interface HttpClientOptions {
  readonly proxy: ProxyChoice;
  /** Milliseconds in which at least one byte must move. */
  readonly idleTimeoutMs: number;
}

export function createHttpClient({ proxy, idleTimeoutMs }: HttpClientOptions): HttpClient {
  const agents = new Map<TlsSettings | undefined, Map<string, http.Agent>>();

  function agentFor(url: URL, through: URL | undefined, tls: TlsSettings | undefined): http.Agent {
    const byRoute = agents.get(tls) ?? new Map<string, http.Agent>();
    agents.set(tls, byRoute);
    const route = `${url.protocol} ${url.protocol === 'https:' ? (through?.href ?? '') : ''}`;
    const known = byRoute.get(route);
    if (known !== undefined) return known;
    const agent = createAgent(url, through, tls);
    byRoute.set(route, agent);
    return agent;
  }

  return {
    async send(request) {
      const { url, signal } = request;
      if (signal.aborted) throw abortError(signal);
      const through = proxy(url);
      try {
        return await exchange(request, through, agentFor(url, through, request.tls), idleTimeoutMs);
      } catch (error) {
        if (signal.aborted) throw abortError(signal);
        throw networkError(error, url.host);
      }
    },
    close() {
      for (const byRoute of agents.values()) for (const agent of byRoute.values()) agent.destroy();
      agents.clear();
    },
  };
}

function createAgent(url: URL, through: URL | undefined, tls: TlsSettings = {}): http.Agent {
  if (url.protocol === 'http:') return new http.Agent({ keepAlive: true });
  const { ca, cert, key, skipVerify = false } = tls;
  const options = {
    keepAlive: true,
    rejectUnauthorized: !skipVerify,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return through === undefined ? new https.Agent(options) : new HttpsProxyAgent(through, options);
}

function exchange(
  request: HttpRequest,
  through: URL | undefined,
  agent: http.Agent,
  idleTimeoutMs: number,
): Promise<HttpAnswer> {
  const { method, url, headers, body, signal, tls } = request;
  return new Promise((resolve, reject) => {
    const outgoing = open(url, through, { method, headers, agent, signal, ...tlsOf(url, tls) });
    const idle = setTimeout(() => outgoing.destroy(silent(url, idleTimeoutMs)), idleTimeoutMs);
    outgoing.on('error', (error) => {
      clearTimeout(idle);
      reject(error);
    });
    outgoing.on('response', (incoming) => {
      clearTimeout(idle);
      resolve(answerOf(incoming, url, idleTimeoutMs, signal));
    });
    if (body === undefined) outgoing.end();
    else upload(body(), outgoing, idle);
  });
}

/** Plain HTTP through a proxy names the whole address; HTTPS goes through a tunnel of the agent's. */
function open(url: URL, through: URL | undefined, options: https.RequestOptions) {
  if (url.protocol === 'https:') return https.request(url, options);
  if (through === undefined) return http.request(url, options);
  const { username, password } = through;
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const headers = {
    ...options.headers,
    host: url.host,
    ...(username === '' ? {} : { 'proxy-authorization': `Basic ${login.toString('base64')}` }),
  };
  return http.request(through, { ...options, headers, path: url.href });
}

/** An agent that tunnels takes the TLS settings from the request. */
function tlsOf(url: URL, { ca, cert, key, skipVerify = false }: TlsSettings = {}) {
  if (url.protocol !== 'https:') return {};
  return {
    rejectUnauthorized: !skipVerify,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Sends the content; each part that is taken is a sign of life. Failures are the request's. */
function upload(
  body: AsyncIterable<Uint8Array>,
  outgoing: http.ClientRequest,
  idle: NodeJS.Timeout,
): void {
  async function* watched() {
    for await (const chunk of body) {
      idle.refresh();
      yield chunk;
    }
  }
  pipeline(Readable.from(watched(), { objectMode: false }), outgoing).catch((error: unknown) => {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
  });
}

function answerOf(
  incoming: http.IncomingMessage,
  url: URL,
  idleTimeoutMs: number,
  signal: AbortSignal,
): HttpAnswer {
  async function* body(): AsyncGenerator<Uint8Array> {
    // Only the network's time counts: whoever reads may be slow.
    let waiting = true;
    const idle = setTimeout(() => {
      if (waiting) incoming.destroy(silent(url, idleTimeoutMs));
    }, idleTimeoutMs);
    try {
      for await (const chunk of incoming) {
        waiting = false;
        yield chunk;
        waiting = true;
        idle.refresh();
      }
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw networkError(error, url.host);
    } finally {
      clearTimeout(idle);
    }
  }
  // It may fail when nobody reads it any more.
  incoming.on('error', () => {});
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: body(),
    discard: () => void incoming.destroy(),
  };
}

function silent(url: URL, idleTimeoutMs: number): CtrdError {
  return new CtrdError(`no byte came from the registry for ${idleTimeoutMs} ms`, {
    code: 'timeout',
    reason: 'idle',
    subject: url.host,
  });
}
