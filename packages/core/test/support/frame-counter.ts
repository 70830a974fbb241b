import { connect, createServer } from 'node:net';

/** Stands before a server, and counts the HTTP/2 frames that its clients send. */
export interface FrameCounter extends AsyncDisposable {
  /** By type: https://www.rfc-editor.org/rfc/rfc9113#name-frame-definitions. */
  readonly sent: ReadonlyMap<number, number>;
}

export const resetFrame = 3;

/** What a client says before its first frame. */
const prefaceBytes = 24;
const frameHeaderBytes = 9;

export async function frameCounter(path: string, serverPath: string): Promise<FrameCounter> {
  const sent = new Map<number, number>();
  const front = createServer((client) => {
    const server = connect(serverPath);
    let bytes = Buffer.alloc(0);
    let at = prefaceBytes;
    client.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= at + frameHeaderBytes) {
        const type = bytes.readUInt8(at + 3);
        sent.set(type, (sent.get(type) ?? 0) + 1);
        at += frameHeaderBytes + bytes.readUIntBE(at, 3);
      }
    });
    client.pipe(server).pipe(client);
    for (const end of [client, server]) {
      end.on('error', () => {});
      end.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => front.listen(path, resolve));
  return {
    sent,
    [Symbol.asyncDispose]: () => new Promise((resolve) => front.close(() => resolve())),
  };
}
