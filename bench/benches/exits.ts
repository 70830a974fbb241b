import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Setting } from '../harness/bench.js';
import { daemonHeap } from '../harness/daemon-heap.js';
import {
  containersAShim,
  makeContainers,
  type RunningContainer,
  residentBytes,
  shimsMemory,
} from '../harness/many-containers.js';
import {
  bundleWatchingClient,
  type Watching,
  watchingClient,
  watchingGo,
} from '../harness/watching.js';
import { type Cost, costsTable, type End, endsTable } from './exits-tables.js';

/** Containers that each client watches at once. */
const sizes = [1, 100, 2_000] as const;
/** Ends of each kind that each client sees at each size, by round. */
const endsARound = 4;
/** Ends before them that are not counted. */
const warmUps = 2;
/** How long the machine may rest after containers were made or taken up. */
const restMs = 3_000;
const goName = 'the Go client';
/** A container ends by itself when it is told to, or is killed. */
const kinds = { 'by itself': 'SIGTERM', killed: 'SIGKILL' } as const;
const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

type Clients = ReadonlyMap<string, Watching>;

/** How soon the end of a container is known, and what it takes to watch many. */
export const exitsBench: Bench = {
  name: 'exits',
  title: 'Watching containers for their ends',
  async run(setting) {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-exits-'));
    const clients = await startClients(setting, folder);
    try {
      const each = setting.rounds * endsARound;
      const ends = (warmUps + each) * kindNames.length * clients.size * sizes.length;
      const made = await makeContainers(setting, folder, Math.max(...sizes) - 1 + ends);
      return await measure(setting, clients, made, each);
    } finally {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function startClients(setting: Setting, folder: string): Promise<Clients> {
  const { daemon, namespace, go } = setting;
  const program = await bundleWatchingClient(folder);
  const ours = (exits: 'wait' | 'events') =>
    watchingClient(program, {
      ...{ address: daemon.address, namespace, exits },
      runtimeDir: join(folder, exits),
    });
  return new Map([
    ['ctrd, `events`', ours('events')],
    ['ctrd, `wait`', ours('wait')],
    ...(go === undefined ? [] : [[goName, watchingGo(go.program, setting)] as const]),
  ]);
}

async function measure(
  setting: Setting,
  clients: Clients,
  made: RunningContainer[],
  each: number,
): Promise<string> {
  const costs: Cost[] = [];
  const ends: End[] = [];
  let watched = 0;
  await pause(restMs);
  for (const size of sizes) {
    // One more is watched while it ends.
    const more = made.splice(0, size - 1 - watched).map(({ id }) => id);
    watched += more.length;
    for (const [client, watching] of clients) {
      costs.push({ size, client, ...(await costOf(setting, watching, more)) });
    }
    await pause(restMs);
    for (let sample = -warmUps; sample < each; sample += 1) {
      for (const kind of kindNames) {
        const order = [...clients.keys()];
        for (const client of sample % 2 === 0 ? order : order.toReversed()) {
          const [one] = made.splice(0, 1);
          if (one === undefined) throw new Error('too few containers were made');
          const end = await endOf(clients, client, one, kinds[kind]);
          if (sample >= 0) ends.push({ size, kind, client, ...end });
        }
      }
    }
  }
  return report(ends, costs, each);
}

async function costOf(
  setting: Setting,
  watching: Watching,
  ids: readonly string[],
): Promise<Omit<Cost, 'size' | 'client'>> {
  const state = async () => ({
    heap: await watching.heap(),
    resident: await residentBytes(watching.pid),
    daemon: await daemonHeap(setting.debugSocket),
    shims: await shimsMemory(setting),
  });
  const before = await state();
  if (ids.length === 0) return { ...before, each: undefined };
  const cpuUs = await watching.watch(ids);
  await pause(restMs);
  const after = await state();
  const rise = (of: keyof typeof after) => (after[of] - before[of]) / ids.length;
  return {
    ...{ heap: after.heap, resident: after.resident },
    each: {
      ...{ heap: rise('heap'), resident: rise('resident') },
      ...{ daemon: rise('daemon'), shims: rise('shims'), cpuUs: cpuUs / ids.length },
    },
  };
}

/** Has one client watch one more container, and ends it while the other clients stand still. */
async function endOf(
  clients: Clients,
  client: string,
  { id, pid }: RunningContainer,
  signal: NodeJS.Signals,
): Promise<Pick<End, 'ms' | 'cpuUs'>> {
  const watching = clients.get(client);
  if (watching === undefined) throw new TypeError(`no client is named ${client}`);
  const others = [...clients.values()].filter((other) => other !== watching);
  for (const other of others) other.pause();
  try {
    await watching.watch([id]);
    return await watching.end(id, () => process.kill(pid, signal));
  } finally {
    for (const other of others) other.resume();
  }
}

function report(ends: readonly End[], costs: readonly Cost[], each: number): string {
  return `From the signal to a container's own process until the \`onExit\` hook runs; of the Go client, until
\`Wait\` answers. One container ends at a time, while the others go on and the other clients stand still
(SIGSTOP). ${each} ends a row, so that p99 is nearly the longest. \`by itself\`: a shell that ends with 0 when
it gets SIGTERM. \`killed\`: SIGKILL, whose 137 \`events\` asks the daemon to confirm, and after which ctrd
asks whether memory ran out. CPU time is the client's for one end, with the removal of the task, before
which ctrd notes the exit in the container's record.

${endsTable(ends, goName)}

What it takes to watch so many: the client's memory in all, after a garbage collection; then, for each
container that it came to watch, what the client took on, the daemon (its heap and stacks, after a
garbage collection) and the shims (RSS), and the client's CPU time to begin. Of ctrd it is a container
taken up with \`recoverContainer\`, of the Go client one with its task loaded and a \`Wait\`.
${containersAShim} containers share a shim. The clients begin one after the other, in this order.

${costsTable(costs)}`;
}
