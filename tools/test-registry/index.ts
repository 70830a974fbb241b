import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request that the registry got. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
}

/** Handles a request in another way than an honest registry; `false` leaves it to the registry. */
export type Mischief = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

/** A registry in memory, for reading, which can be told to misbehave. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
  /** All it was asked, in order. */
  readonly requests: SeenRequest[];
  /** Bytes of manifests and blobs that were sent, as far as the connection took them. */
  readonly sentBytes: () => number;
  /** Adds a blob of any repository. */
  addBlob(bytes: Uint8Array, digest?: string): void;
  /** Adds a manifest or index under its digest, and its tag. */
  addManifest(
    repository: string,
    manifest: { mediaType: string; bytes: Uint8Array; digest?: string },
    tag?: string,
  ): void;
  /** Replaces how requests are handled. */
  misbehave(mischief: Mischief | undefined): void;
}

export interface TestRegistryOptions {
  readonly mischief?: Mischief;
  /** Sends so many bytes of a body, every 10 ms: no buffer fills up, and what was sent was received. */
  readonly pace?: number;
  /** PEM files: it is reached over TLS alone. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function testRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { pace } = options;
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, { mediaType: string; bytes: Uint8Array; digest: string }>();
  const requests: SeenRequest[] = [];
  let { mischief } = options;
  let sent = 0;

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://registry');
    const [, repository, kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    const manifest = kind === 'manifests' ? manifests.get(`${repository} ${name}`) : undefined;
    const blob = kind === 'blobs' ? blobs.get(name) : undefined;
    if (manifest !== undefined) {
      response.setHeader('content-type', manifest.mediaType);
      response.setHeader('docker-content-digest', manifest.digest);
      answer(request, response, manifest.bytes, 0);
    } else if (blob === undefined) {
      response.statusCode = pathname === '/v2/' ? 200 : 404;
      response.end(JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'nothing here' }] }));
    } else {
      const [, start] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
      if (start !== undefined) {
        response.statusCode = 206;
        response.setHeader('content-range', `bytes ${start}-${blob.length - 1}/${blob.length}`);
      }
      answer(request, response, blob, Number(start ?? 0));
    }
  }

  function answer(
    { method }: IncomingMessage,
    response: ServerResponse,
    bytes: Uint8Array,
    from: number,
  ): void {
    const rest = bytes.subarray(from);
    const { socket } = response;
    const before = socket?.bytesWritten ?? 0;
    response.setHeader('content-length', rest.length);
    if (method === 'HEAD') {
      response.end();
      return;
    }
    response.once('close', () => {
      sent += Math.min(rest.length, (socket?.bytesWritten ?? 0) - before);
    });
    if (pace === undefined) response.end(rest);
    else void sendPaced(response, rest, pace);
  }

  const server = await serverOf(options, async (request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, headers });
    response.on('error', () => {});
    if (!((await mischief?.(request, response)) ?? false)) serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    requests,
    sentBytes: () => sent,
    addBlob: (bytes, digest = digestOf(bytes)) => void blobs.set(digest, bytes),
    addManifest(repository, { mediaType, bytes, digest = digestOf(bytes) }, tag) {
      manifests.set(`${repository} ${digest}`, { mediaType, bytes, digest });
      if (tag !== undefined) manifests.set(`${repository} ${tag}`, { mediaType, bytes, digest });
    },
    misbehave(next) {
      mischief = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serverOf({ tls }: TestRegistryOptions, listener: http.RequestListener) {
  if (tls === undefined) return http.createServer(listener);
  const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
  return https.createServer({ cert, key }, listener);
}

async function sendPaced(response: ServerResponse, bytes: Uint8Array, pace: number): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += pace) {
    response.write(bytes.subarray(at, at + pace));
    await sleep(10);
  }
  response.end();
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
