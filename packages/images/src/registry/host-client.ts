import { CtrdError, hasCode, pause } from '@ctrd/core';
import { type Authorizer, rejected } from './authorizer.js';
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.js';
import { errorDetail, statusError } from './http-error.js';
import { readLimited } from './read-limited.js';
import type { RegistryHost } from './registry-host.js';

/** A request to a registry's API, which may be tried several times. */
export interface RegistryRequest {
  readonly method: HttpRequest['method'];
  /** Relative to the API's beginning, or absolute where the registry has said so. */
  readonly path: string | URL;
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The content, from its beginning each time it is asked for. */
  readonly body?: HttpRequest['body'];
  /** Statuses that are answers; others are thrown. */
  readonly accept: readonly number[];
  /** How often it may be sent in all. Default: the client's; 1 for what must not be repeated. */
  readonly attempts?: number | undefined;
  readonly signal: AbortSignal;
}

/** Requests to one host: authenticated, redirected, tried again. */
export interface HostClient {
  readonly host: RegistryHost;
  /**
   * Throws by status: `unauthenticated`, `permission-denied`, `not-found`, `rate-limited`,
   * `unavailable`; `timeout` (reason `idle`) when no byte moves.
   */
  request(request: RegistryRequest): Promise<RegistryAnswer>;
}

/** Its body must be read or discarded. */
export interface RegistryAnswer extends HttpAnswer {
  /** Where it came from in the end, after redirects. */
  readonly url: URL;
}

const limits = {
  redirects: 5,
  /** How often a request to a host that says nothing is sent. */
  silentAttempts: 2,
  /** Times that one request may be answered by 401. */
  challenges: 2,
  errorBytes: 65_536,
  /** Milliseconds that a registry may make us wait between two attempts. */
  retryAfterMs: 60_000,
} as const;

const retried: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export interface HostClientOptions {
  readonly client: HttpClient;
  readonly host: RegistryHost;
  readonly authorizer: Authorizer;
  /** Added to every address, for mirrors: the registry that is meant. */
  readonly namespace: string | undefined;
  /** Milliseconds before the second attempt; each further one waits twice as long. */
  readonly retryDelayMs: number;
  /** How often a request is sent in all. */
  readonly attempts: number;
}

export function createHostClient(options: HostClientOptions): HostClient {
  const { client, host, authorizer, namespace, retryDelayMs, attempts } = options;

  function addressOf({ path }: RegistryRequest): URL {
    if (path instanceof URL) return path;
    const url = new URL(path, host.base);
    if (namespace !== undefined) url.searchParams.set('ns', namespace);
    return url;
  }

  /** Follows redirects and answers challenges; nothing that is secret leaves the host. */
  async function attempt(request: RegistryRequest) {
    const { method, scopes, body, accept, signal } = request;
    let url = addressOf(request);
    let authorization = isOwn(url) ? await authorizer.login(scopes, signal) : undefined;
    let challenges = 0;
    for (let redirects = 0; ; ) {
      const login = authorization === undefined ? {} : { authorization };
      const own = isOwn(url) ? { ...host.headers, ...login } : {};
      const headers = { 'user-agent': 'ctrd', ...request.headers, ...own };
      const tls = isOwn(url) ? host.tls : undefined;
      const answer = await client.send({ method, url, headers, body, tls, signal });
      const { status } = answer;
      if (accept.includes(status)) return { ...answer, url };
      if (status === 401 && isOwn(url)) {
        answer.discard();
        challenges += 1;
        if (challenges > limits.challenges) throw rejected(url, true);
        const asked = answer.headers['www-authenticate'] ?? '';
        authorization = await authorizer.challenged(asked, authorization, scopes, signal);
      } else if (isRedirect(status, method)) {
        answer.discard();
        redirects += 1;
        if (redirects > limits.redirects) throw redirectError(url, 'there are too many redirects');
        url = redirected(url, answer.headers.location);
      } else {
        throw await failureOf(answer, url);
      }
    }
  }

  function isOwn({ origin }: URL): boolean {
    return origin === host.base.origin;
  }

  return {
    host,
    async request(request) {
      for (let count = 1; ; count++) {
        try {
          return await attempt(request);
        } catch (error) {
          const delay = retryDelay(error, retryDelayMs * 2 ** (count - 1));
          const wanted = request.attempts ?? attempts;
          const most = hasCode(error, 'timeout') ? Math.min(wanted, limits.silentAttempts) : wanted;
          if (delay === undefined || count >= most) throw unwrapped(error);
          await pause(delay, request.signal);
        }
      }
    },
  };
}

/** A failure by status, with when to try again. */
class RefusedAnswer extends Error {
  constructor(
    readonly failure: CtrdError,
    readonly status: number,
    readonly retryAfterMs: number | undefined,
  ) {
    super(failure.message);
  }
}

async function failureOf(answer: HttpAnswer, url: URL): Promise<RefusedAnswer> {
  // The reason is worth having, but not worth failing for.
  const body = await readLimited(answer.body, limits.errorBytes, 'the error').catch(() =>
    Buffer.alloc(0),
  );
  answer.discard();
  const failure = statusError(answer.status, url.host, errorDetail(body));
  return new RefusedAnswer(failure, answer.status, retryAfter(answer.headers['retry-after']));
}

/** Milliseconds; the header has seconds or a date. */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** `undefined` when another attempt is of no use. */
function retryDelay(error: unknown, backOffMs: number): number | undefined {
  const jittered = backOffMs * (0.5 + Math.random() / 2);
  if (error instanceof RefusedAnswer) {
    if (!retried.has(error.status)) return undefined;
    const { retryAfterMs = 0 } = error;
    return retryAfterMs > limits.retryAfterMs ? undefined : Math.max(jittered, retryAfterMs);
  }
  const isTransient = hasCode(error, 'unavailable') && retriedReasons.has(error.reason ?? '');
  return isTransient || hasCode(error, 'timeout') ? jittered : undefined;
}

const retriedReasons: ReadonlySet<string> = new Set(['dropped', 'unreachable']);

function unwrapped(error: unknown): unknown {
  return error instanceof RefusedAnswer ? error.failure : error;
}

/** The older ones turn a request with content into one without, which is never meant. */
function isRedirect(status: number, method: string): boolean {
  if (status === 307 || status === 308) return true;
  return [301, 302, 303].includes(status) && (method === 'GET' || method === 'HEAD');
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw redirectError(from, 'the registry redirects to nowhere');
  }
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') {
    throw redirectError(from, 'the registry redirects to what is not the web');
  }
  if (to.protocol === 'http:' && from.protocol === 'https:') {
    throw redirectError(from, 'the registry redirects from HTTPS to plain HTTP');
  }
  return to;
}

function redirectError({ host }: URL, message: string): CtrdError {
  return new CtrdError(message, { code: 'failed-precondition', reason: 'redirect', subject: host });
}
