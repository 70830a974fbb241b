import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerOptions, ExitMessage } from '@ctrd/containers';
import { type LeakOracle, type PrivateDaemon, shims, waitFor } from '../support/index.js';
import { type Host, hostEnded, readLedger, startHost } from './host-process.js';

/** How much of what happens in a run. */
export interface ChaosSize {
  readonly containers: number;
  readonly daemonKills: number;
  readonly shimKills: number;
  readonly hostKills: number;
}

/** Where a run happens. */
export interface ChaosPlace {
  readonly daemon: PrivateDaemon;
  readonly namespace: string;
  /** A folder that containers see as `/host`. */
  readonly shared: string;
  readonly oracle: LeakOracle;
  /** The host's program. */
  readonly program: string;
  sh(id: string, script: string, options?: Partial<ContainerOptions>): ContainerOptions;
}

/** What came out of a run, to be compared. */
export interface ChaosResult {
  /** Exits that differ from the truth, are missing or were counted twice. */
  readonly wrong: readonly string[];
  /** Exits with their true code, and such whose shim was killed before anybody heard of them. */
  readonly told: number;
  readonly lost: number;
  /** Told again because the host died in its handler, before it was known that it had been told. */
  readonly toldAgain: number;
}

/** Numbers that depend on the seed alone. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Makes containers with random lives, and processes in them, while the daemon, shims and the host are
 * killed at random; then compares what the host's handlers were told with what the containers
 * themselves wrote, and removes everything.
 */
export async function chaos(
  place: ChaosPlace,
  size: ChaosSize,
  seed: number,
): Promise<ChaosResult> {
  const random = randomOf(seed);
  const ledger = join(place.shared, 'ledger');
  const { address, runtimeDir } = place.daemon;
  const start = () =>
    startHost(place.program, { address, runtimeDir, namespace: place.namespace, ledger });
  let host = await start();
  const killed = new Set<string>();
  const excused = new Set<string>();
  const kills = shuffled(
    [
      ...Array.from({ length: size.daemonKills }, () => 'daemon'),
      ...Array.from({ length: size.shimKills }, () => 'shim'),
      ...Array.from({ length: size.hostKills }, () => 'host'),
    ],
    random,
  );
  try {
    const every = Math.max(1, Math.floor(size.containers / (kills.length + 1)));
    const pending = new Set<Promise<unknown>>();

    for (let index = 0; index < size.containers; index += 1) {
      const life = live(host, place, index, { random, excused });
      pending.add(life);
      void life.finally(() => pending.delete(life));
      if (pending.size >= 4) await Promise.race(pending);
      if (index % every !== every - 1) continue;
      const kill = kills.pop();
      if (kill === 'daemon') await restart(place.daemon, random);
      if (kill === 'shim') await killShim(place.namespace, random, killed);
      if (kill === 'host') {
        await host.kill();
        host = await start();
        await recovered(host);
      }
    }
    await Promise.allSettled(pending);
    await quietEnd(place, host);
    const result = compare(await readTruth(place.shared), await readLedger(ledger), {
      killed,
      excused,
    });
    await removeAll(place, host);
    await host.close();
    return result;
  } finally {
    await host.kill();
  }
}

/** One container, and perhaps a process in it; calls that a kill cuts off are part of the game. */
async function live(
  host: Host,
  { sh }: ChaosPlace,
  index: number,
  { random, excused }: { random: (below: number) => number; excused: Set<string> },
): Promise<void> {
  const id = `c${index}`;
  const entered = random(3) === 0;
  const script = `${truthful(id, '', random)}`;
  const options = sh(id, script, { stdio: 'null' });
  const execScript = truthful(id, 'e', random, 0.3);
  // A call that a kill makes fail undoes what it did, and no exit is told of what it undid. Of a
  // host's death it knows nothing: what has been started then is for the next life to tell.
  const failed = (key: string) => (error: unknown) => {
    if (!String(error).includes(hostEnded)) excused.add(key);
    return 'failed';
  };
  const made = await host.send({ do: 'create', options }).catch(failed(`${id}-`));
  if (!entered || made === 'failed') return;
  const args = ['sh', '-c', execScript];
  await host.send({ do: 'exec', id, execId: 'e', args }).catch(failed(`${id}-e`));
}

/** A script that sleeps, writes down how it is about to end, and ends like that. */
function truthful(
  id: string,
  execId: string,
  random: (below: number) => number,
  longest = 2,
): string {
  const code = random(200);
  const seconds = (random(longest * 100) / 100).toFixed(2);
  return `sleep ${seconds}; echo ${code} >> /host/truth-${id}-${execId}; exit ${code}`;
}

async function restart(daemon: PrivateDaemon, random: (below: number) => number): Promise<void> {
  await daemon.kill();
  // Sometimes long enough for containers to end meanwhile.
  await new Promise((resolve) => setTimeout(resolve, random(600)));
  await daemon.start();
}

async function killShim(
  namespace: string,
  random: (below: number) => number,
  killed: Set<string>,
): Promise<void> {
  const own = (await shims()).filter((shim) => shim.namespace === namespace);
  const shim = own[random(Math.max(1, own.length))];
  if (shim === undefined) return;
  killed.add(shim.id);
  try {
    process.kill(shim.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Takes up what the last host had; again, while the daemon is not back. */
async function recovered(host: Host): Promise<void> {
  await waitFor(() => host.recover().then(() => true));
}

/** Waits until the ledger has stopped growing and nothing runs any more. */
async function quietEnd(place: ChaosPlace, host: Host): Promise<void> {
  await recovered(host);
  // One whose host died before its start is never started; it is removed with the others.
  let left: string[] = [];
  await waitFor(
    async () => {
      const tasks = await place.daemon.ctr('-n', place.namespace, 'tasks', 'ls');
      left = tasks.split('\n').filter((row) => / (RUNNING|STOPPED)/.test(row));
      return left.length === 0;
    },
    { what: 'all containers have ended and been delivered', timeoutMs: 60_000, everyMs: 200 },
  ).catch((cause: unknown) => {
    throw new Error(`not delivered:\n${left.join('\n')}`, { cause });
  });
}

/** What processes wrote of their own ends: their codes, by id. */
async function readTruth(shared: string): Promise<ReadonlyMap<string, number>> {
  const truth = new Map<string, number>();
  for (const name of await readdir(shared)) {
    const [, key] = /^truth-(.+)$/.exec(name) ?? [];
    if (key === undefined) continue;
    const codes = (await readFile(join(shared, name), 'utf8')).split('\n').filter(Boolean);
    truth.set(key, Number(codes[0]));
  }
  return truth;
}

function compare(
  truth: ReadonlyMap<string, number>,
  ledger: readonly ExitMessage[],
  { killed, excused }: Record<'killed' | 'excused', ReadonlySet<string>>,
): ChaosResult {
  const wrong: string[] = [];
  const first = new Map<string, ExitMessage>();
  let toldAgain = 0;
  for (const exit of ledger) {
    const key = `${exit.containerId}-${exit.execId}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, exit);
    // The same exit to the millisecond is one that a dead host had been told of.
    else if (String(before.exitedAt) === String(exit.exitedAt)) toldAgain += 1;
    else wrong.push(`${key} was told twice: ${JSON.stringify([before, exit])}`);
  }
  let told = 0;
  let lost = 0;
  for (const [key, code] of truth) {
    const exit = first.get(key);
    const [id = ''] = key.split('-');
    const harmed = killed.has(id);
    if (exit?.exitCode === code && exit.lost === undefined) told += 1;
    else if (exit?.lost !== undefined && harmed) lost += 1;
    // The daemon ends what a killed shim leaves, and then says 137: also to who asks for the code.
    else if (!harmed && !excused.has(key))
      wrong.push(`${key} ended with ${code}, told: ${JSON.stringify(exit)}`);
  }
  return { wrong, told, lost, toldAgain };
}

/** Destroys every container that is left, also of calls that were cut off. */
async function removeAll({ daemon, namespace }: ChaosPlace, host: Host): Promise<void> {
  const list = await daemon.ctr('-n', namespace, 'containers', 'ls', '-q');
  for (const id of list.split('\n').filter(Boolean)) {
    await host.send({ do: 'destroy', id }).catch(() => {});
  }
}

function shuffled<T>(items: T[], random: (below: number) => number): T[] {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = random(index + 1);
    [items[index], items[other]] = [items[other] as T, items[index] as T];
  }
  return items;
}
