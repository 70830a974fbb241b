import http from 'node:http';
import https from 'node:https';
import { abortError, CtrdError } from '@ctrd/core';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { networkError } from './http-error.js';
import type { ProxyChoice } from './proxy.js';
import type { TlsSettings } from './registry-host.js';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The content, whose length must be in the headers. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | undefined;
  readonly tls?: TlsSettings | undefined;
  readonly signal: AbortSignal;
}

/** What a registry answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /**
   * The content. It fails with `timeout` when no byte comes for too long, and with `unavailable`
   * when it is cut off. Leaving it early ends the connection.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up the content; the connection is kept when there is little of it. */
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
  const agents = new Map<string, http.Agent>();

  function agentFor(url: URL, through: URL | undefined, tls: TlsSettings | undefined): http.Agent {
    // Two hosts with the same settings may share an agent: it keeps connections apart by host.
    const key = JSON.stringify([url.protocol, through?.href, tls]);
    const known = agents.get(key);
    if (known !== undefined) return known;
    const agent = createAgent(url, through, tls);
    agents.set(key, agent);
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
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function createAgent(url: URL, through: URL | undefined, tls: TlsSettings | undefined): http.Agent {
  if (url.protocol === 'http:') {
    const isPlain = through === undefined || through.protocol === 'http:';
    return isPlain ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true });
  }
  const options = { keepAlive: true, ...tlsOf(url, tls) };
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
    // Not by the request's own option: the agent would hand the signal on to the connection, which
    // would end under whichever request has it by then.
    const outgoing = open(url, through, { method, headers, agent, ...tlsOf(url, tls) });
    const abort = () => outgoing.destroy(abortError(signal));
    signal.addEventListener('abort', abort, { once: true });
    outgoing.once('close', () => signal.removeEventListener('abort', abort));
    const idle = setTimeout(() => outgoing.destroy(silent(url, idleTimeoutMs)), idleTimeoutMs);
    outgoing.on('error', (error) => {
      clearTimeout(idle);
      reject(error);
    });
    outgoing.on('response', (incoming) => {
      clearTimeout(idle);
      resolve(answerOf(incoming, request, idleTimeoutMs));
    });
    if (body === undefined) outgoing.end();
    else void upload(body(), outgoing, idle);
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
  const { request } = through.protocol === 'https:' ? https : http;
  return request(through, { ...options, headers, path: url.href });
}

/** An agent that tunnels takes the TLS settings from the request. */
function tlsOf(url: URL, { ca, client, skipVerify = false }: TlsSettings = {}) {
  if (url.protocol !== 'https:') return {};
  return {
    rejectUnauthorized: !skipVerify,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(client === undefined
      ? {}
      : { cert: client.map(({ cert }) => cert), key: client.map(({ key }) => key) }),
  };
}

/**
 * Sends the content; each part that is taken is a sign of life. A failure of the content is the
 * request's. Not by a pipe: that would destroy the source again when nobody listens any more.
 */
async function upload(
  body: AsyncIterable<Uint8Array>,
  outgoing: http.ClientRequest,
  idle: NodeJS.Timeout,
): Promise<void> {
  try {
    for await (const chunk of body) {
      if (outgoing.destroyed) return;
      idle.refresh();
      if (!outgoing.write(chunk)) await drained(outgoing);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Resolves when there is room for more, or nobody wants more. */
function drained(outgoing: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.on('drain', done).on('close', done);
  });
}

function answerOf(
  incoming: http.IncomingMessage,
  { method, url, signal }: HttpRequest,
  idleTimeoutMs: number,
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
    discard: () => discard(incoming, method === 'HEAD'),
  };
}

/** Content that is worth reading to its end to keep a connection, in bytes and milliseconds. */
const worthReading = { bytes: 65_536, ms: 1000 } as const;

function discard(incoming: http.IncomingMessage, isEmpty: boolean): void {
  const length = Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  if (!isEmpty && !(length <= worthReading.bytes)) {
    incoming.destroy();
    return;
  }
  const limit = setTimeout(() => incoming.destroy(), worthReading.ms);
  incoming.once('close', () => clearTimeout(limit));
  incoming.resume();
}

function silent(url: URL, idleTimeoutMs: number): CtrdError {
  return new CtrdError(`no byte came from the registry for ${idleTimeoutMs} ms`, {
    code: 'timeout',
    reason: 'idle',
    subject: url.host,
  });
}
