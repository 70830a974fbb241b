import { readdirSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Content } from '@ctrd/api/services/content/v1';
import { Images } from '@ctrd/api/services/images/v1';
import { Leases } from '@ctrd/api/services/leases/v1';
import { Snapshots } from '@ctrd/api/services/snapshots/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { askDaemon } from './ask-daemon.js';
import type { TestDaemon } from './daemon.js';
import { cgroups, mountsBelow, runcStates, shimSocket, shims } from './remains.js';
import { waitFor } from './wait-for.js';

/** Everything that a client could leave behind, as lines of text: `task job-1`, `fifo /…/io-x`. */
export type Remains = ReadonlySet<string>;

/** What to look at. */
export interface OracleOptions {
  /** Snapshotters that the tests use. Default: `overlayfs` and `native`. */
  readonly snapshotters?: readonly string[];
  /** Lines that are not counted: what the test knows to be left, by others. */
  readonly except?: RegExp;
  /** Ids of containers whose shims' sockets are looked for, also when nothing else is left. */
  readonly ids?: readonly string[];
}

/** Counts what a namespace has on a daemon and the machine. */
export interface LeakOracle {
  /** Counts now. */
  count(): Promise<Remains>;
  /**
   * Waits until nothing is there that was not there before: descriptors and shims go a moment after
   * the call that ended them.
   *
   * @throws Error that lists what is left.
   */
  expectNothingLeft(before: Remains, timeoutMs?: number): Promise<void>;
}

/** An oracle that asks the daemon, `/proc` and the file system, never by the code under test. */
export function leakOracle(
  daemon: TestDaemon,
  namespace: string,
  options: OracleOptions = {},
): LeakOracle {
  const count = async (): Promise<Remains> => {
    // First, and alone: the programs that the rest runs have pipes to this process.
    const descriptors = inProcess();
    const found = await Promise.all([
      onDaemon(daemon, namespace, options.snapshotters ?? ['overlayfs', 'native']),
      onMachine(daemon, namespace, options.ids ?? []),
    ]);
    const all = [...descriptors, ...found.flat()];
    return new Set(all.filter((thing) => options.except?.test(thing) !== true));
  };
  const expectNothingLeft = async (before: Remains, timeoutMs = 30_000): Promise<void> => {
    let left: string[] = [];
    await waitFor(
      async () => {
        left = [...(await count())].filter((thing) => !before.has(thing));
        return left.length === 0;
      },
      { timeoutMs, everyMs: 200 },
    ).catch((cause: unknown) => {
      throw new Error(`left behind in ${namespace}:\n  ${left.sort().join('\n  ')}`, { cause });
    });
  };
  return { count, expectNothingLeft };
}

async function onDaemon(
  { address }: TestDaemon,
  namespace: string,
  snapshotters: readonly string[],
): Promise<string[]> {
  const found = await askDaemon(address, namespace, (ask) =>
    Promise.all([
      ask(Tasks.method.list).then(each(({ tasks }) => tasks.map(({ id }) => `task ${id}`))),
      ask(Containers.method.list).then(
        each(({ containers }) => containers.map(({ id }) => `container ${id}`)),
      ),
      ask(Images.method.list).then(each(({ images }) => images.map(({ name }) => `image ${name}`))),
      ask(Leases.method.list).then(each(({ leases }) => leases.map(({ id }) => `lease ${id}`))),
      ask(Content.method.listStatuses).then(
        each(({ statuses }) => statuses.map(({ ref }) => `ingest ${ref}`)),
      ),
      ...snapshotters.map((snapshotter) =>
        ask(Snapshots.method.list, { snapshotter }).then(
          each(({ info }) => info.map(({ name }) => `snapshot-of-${snapshotter} ${name}`)),
        ),
      ),
    ]),
  );
  return found.flat();
}

const each =
  <T>(lines: (answer: T) => string[]) =>
  (answers: readonly T[]): string[] =>
    answers.flatMap(lines);

async function onMachine(
  { address, state, runtimeDir }: TestDaemon,
  namespace: string,
  ids: readonly string[],
): Promise<string[]> {
  const own = (await shims()).filter(
    (shim) => shim.address === address && shim.namespace === namespace,
  );
  const sockets = await Promise.all(ids.map((id) => presentSocket(address, namespace, id)));
  // The fifo folder and the state of a shared daemon are this file's alone while it has its turn.
  return [
    ...own.map(({ id, pid }) => `shim ${id} (process ${pid})`),
    ...sockets.flat().map((path) => `shim socket ${path}`),
    ...(await names(join(runtimeDir, 'fifo'))).map((name) => `fifo ${name}`),
    ...(await journalled(join(runtimeDir, 'exits'))).map((name) => `exit ${name}`),
    ...(await names(join(state, 'io.containerd.runtime.v2.task', namespace))).map(
      (id) => `bundle ${id}`,
    ),
    ...(await mountsBelow(state)).map((path) => `mount ${path}`),
    ...(await cgroups(namespace)).map((path) => `cgroup ${path}`),
    ...(await runcStates(namespace)).map((id) => `runc state ${id}`),
  ];
}

/** Open descriptors of this process: files and pipes by name, anonymous ones by their number. */
function inProcess(): string[] {
  // Synchronously, so that nothing of this process opens or closes anything meanwhile.
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  const counts = new Map<string, number>();
  for (const target of targets) {
    const kind = target.replace(/:\[\d+\]$/, '');
    // A path that was removed counts as well; the folder read above and the epoll sets do not.
    if (kind === '' || kind.endsWith('/fd') || kind.startsWith('anon_inode')) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].flatMap(([kind, n]) =>
    Array.from({ length: n }, (_, index) => `descriptor ${kind} #${index + 1}`),
  );
}

async function presentSocket(address: string, namespace: string, id: string): Promise<string[]> {
  const path = shimSocket(address, namespace, id);
  return (await names('/run/containerd/s')).some((name) => path.endsWith(name)) ? [path] : [];
}

/** What clients of the daemon have in their journals of exits. */
async function journalled(folder: string): Promise<string[]> {
  const journals = await names(folder);
  const found = await Promise.all(journals.map((journal) => names(join(folder, journal))));
  return found.flat();
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
