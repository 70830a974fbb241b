// A client that watches the containers whose ids come as lists on its input, and tells on its output
// when they end; `"heap"` asks for its memory. Its argument is a WatchingSetup.
import { createInterface } from 'node:readline';
import { containers } from '@ctrd/containers';
import { ctrd } from '@ctrd/core';
import { pool } from '@ctrd/pool';
import type { Said, WatchingSetup } from '../harness/watching.js';

const { exits, ...setup } = JSON.parse(process.argv[2] ?? '') as WatchingSetup;
const atOnce = 16;

function say(said: Said): void {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ ...said, cpuUs: user + system })}\n`);
}

const client = await ctrd(setup)
  .use(pool())
  .use(
    containers({
      exits,
      onExit: [
        ({ containerId }) =>
          say({ is: 'exit', id: containerId, at: String(process.hrtime.bigint()) }),
      ],
    }),
  )
  .connect();

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as string[] | 'heap';
  if (asked === 'heap') say({ is: 'heap', id: '', bytes: await heap() });
  else {
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let id = asked.pop(); id !== undefined; id = asked.pop()) await watch(id);
      }),
    );
    say({ is: 'watching', id: '' });
  }
}
await client.close();

async function watch(id: string): Promise<void> {
  const container = await client.recoverContainer(id, { stdio: 'null' });
  void container.wait().then(() => say({ is: 'done', id }));
}

/** Bytes in use, of objects and buffers. */
async function heap(): Promise<number> {
  for (let round = 0; round < 2; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
