import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';

/** Configuration of a daemon that tells of its memory, on a socket of its own. */
export const debugConfig = (socketPath: string): string => `[debug]\naddress = "${socketPath}"\n`;

/** Bytes in use by a daemon, of objects and stacks, after a garbage collection. */
export async function daemonHeap(socketPath: string): Promise<number> {
  const profile = await get(socketPath, '/debug/pprof/heap?gc=1');
  for await (const _ of profile);
  const { memstats } = (await json(await get(socketPath, '/debug/vars'))) as {
    memstats: { HeapAlloc: number; StackInuse: number };
  };
  return memstats.HeapAlloc + memstats.StackInuse;
}

function get(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, resolve).on('error', reject).end();
  });
}
