import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test does to a request instead of the registry; `true` when it has answered it. */
export type Mischief = (
  request: IncomingMessage,
  response: ServerResponse,
  upload: { bytes: Buffer } | undefined,
) => boolean | Promise<boolean>;

/** A registry in memory that takes uploads, by the distribution specification. */
export interface UploadRegistry extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
  /** `PUT /v2/…`, in order. */
  readonly requests: string[];
  readonly authorizations: (string | undefined)[];
  readonly blobs: Map<string, Buffer>;
  /** Uploads that are open. */
  readonly uploads: Map<string, { bytes: Buffer }>;
  /** Bytes of content that were received in all. */
  received(): number;
  mischief: Mischief | undefined;
}

export async function uploadRegistry(): Promise<UploadRegistry> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, { bytes: Buffer }>();
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let opened = 0;
  let received = 0;

  async function take(request: IncomingMessage, upload: { bytes: Buffer }): Promise<void> {
    for await (const chunk of request) {
      received += chunk.length;
      upload.bytes = Buffer.concat([upload.bytes, chunk]);
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://registry');
    const id = /\/uploads\/(\d+)$/.exec(pathname)?.[1] ?? '';
    const upload = uploads.get(id);
    if ((await registry.mischief?.(request, response, upload)) === true) return;
    const at = (status: number, name: string) => {
      const size = uploads.get(name)?.bytes.length ?? 0;
      response.writeHead(status, {
        location: `/v2/team/app/blobs/uploads/${name}?state=a%3D%3D`,
        range: `0-${Math.max(0, size - 1)}`,
      });
      response.end();
    };
    const refuse = (status: number) => response.writeHead(status).end();
    if (method === 'POST') {
      const mount = searchParams.get('mount');
      if (mount !== null && blobs.has(mount)) return void refuse(201);
      opened += 1;
      uploads.set(String(opened), { bytes: Buffer.alloc(0) });
      return at(202, String(opened));
    }
    if (upload === undefined) return void refuse(404);
    if (method === 'GET') return at(204, id);
    if (method === 'DELETE') {
      uploads.delete(id);
      return void refuse(204);
    }
    const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== upload.bytes.length) return void refuse(416);
    await take(request, upload);
    if (method === 'PATCH') return at(202, id);
    const digest = searchParams.get('digest') ?? '';
    const actual = `sha256:${createHash('sha256').update(upload.bytes).digest('hex')}`;
    if (digest !== actual) return void refuse(400);
    blobs.set(digest, upload.bytes);
    uploads.delete(id);
    refuse(201);
  }

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers.authorization);
    // A connection that breaks ends the reading with an error: what was read stays.
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: UploadRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requests, authorizations, blobs, uploads, mischief: undefined },
    received: () => received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}
