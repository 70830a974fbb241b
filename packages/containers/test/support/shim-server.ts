import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Request, RequestSchema, ResponseSchema } from '@ctrd/api/ttrpc';
import { createFrameReader, encodeFrame, frameTypes } from '../../src/shim/frame.js';

/** What a shim answers to a call; `undefined` leaves it open. */
export type Answer = { readonly code: number; readonly message: string } | Uint8Array | undefined;

/** A server of ttrpc for the edges that real shims do not show. */
export interface ShimServer extends AsyncDisposable {
  readonly path: string;
  readonly requests: readonly Request[];
  readonly sockets: readonly Socket[];
}

export async function shimServer(
  answer: (request: Request, send: (streamId: number, answer: Answer) => void, id: number) => void,
): Promise<ShimServer> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-shim-'));
  const path = join(folder, 's');
  const requests: Request[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const read = createFrameReader();
    const send = (streamId: number, said: Answer) => {
      if (said === undefined) return;
      const response =
        said instanceof Uint8Array ? { payload: said } : { status: { ...said, details: [] } };
      const payload = toBinary(ResponseSchema, create(ResponseSchema, response));
      socket.write(encodeFrame({ streamId, type: frameTypes.response, payload }));
    };
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const { streamId, payload } of read(chunk)) {
        const request = fromBinary(RequestSchema, payload);
        requests.push(request);
        answer(request, send, streamId);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    ...{ path, requests, sockets },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
