import { Client, credentials } from '@grpc/grpc-js';

/** Asks for the daemon's version through grpc-js alone: what a client costs that adds nothing. */
export interface BareClient extends Disposable {
  version(caller: number): Promise<void>;
}

const empty = Buffer.alloc(0);
const same = (bytes: Buffer) => bytes;

/** @param connections - each has a socket of its own; callers are dealt out over them. */
export function bareClient(address: string, connections: number): BareClient {
  const clients = Array.from(
    { length: connections },
    () =>
      new Client(`unix:${address}`, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      }),
  );
  return {
    version: (caller) =>
      new Promise((resolve, reject) => {
        clients[caller % connections]?.makeUnaryRequest(
          '/containerd.services.version.v1.Version/Version',
          same,
          same,
          empty,
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
    [Symbol.dispose]() {
      for (const client of clients) client.close();
    },
  };
}
