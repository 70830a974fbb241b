import { Containers } from '@ctrd/api/services/containers/v1';
import { Content } from '@ctrd/api/services/content/v1';
import { Images } from '@ctrd/api/services/images/v1';
import { Introspection } from '@ctrd/api/services/introspection/v1';
import { Leases } from '@ctrd/api/services/leases/v1';
import { type Info, Snapshots } from '@ctrd/api/services/snapshots/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { hasCode } from '../errors/index.js';
import type { Rpc } from '../rpc/rpc.js';

/** How long a task that was killed may take to end. */
const endTimeoutMs = 30_000;

/** containerd 1.6 takes no record without a spec. */
const emptySpec = {
  typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
  value: new TextEncoder().encode('{}'),
};

/** Something in the namespace, and how it is removed. */
interface Item {
  readonly id: string;
  remove(): Promise<unknown>;
}

/** One kind of things; the next kind may be what these stood on. */
interface Step {
  readonly kind: string;
  items(): Promise<readonly Item[]>;
}

/** What may be in a namespace, in the order in which it can be removed. */
export async function purgeSteps(
  rpc: Rpc,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const scope = { namespace };
  const call = { signal };
  const [tasks, containers] = [rpc.client(Tasks, scope), rpc.client(Containers, scope)];
  const [images, snapshots] = [rpc.client(Images, scope), rpc.client(Snapshots, scope)];
  const [leases, content] = [rpc.client(Leases, scope), rpc.client(Content, scope)];

  /** A task without its record cannot be reached, and goes on: it gets one for its end. */
  async function ensureRecord(id: string): Promise<void> {
    try {
      await containers.get({ id }, call);
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error;
      const runtime = { name: 'io.containerd.runc.v2' };
      await containers.create({ container: { id, runtime, spec: emptySpec } }, call);
    }
  }

  async function endTask(containerId: string): Promise<void> {
    await ensureRecord(containerId);
    // Waited for from before its end, which may be now.
    const ended = tasks.wait({ containerId }, { ...call, timeoutMs: endTimeoutMs, role: 'stream' });
    ended.catch(() => {});
    await unlessGone(tasks.kill({ containerId, signal: 9, all: true }, call));
    await unlessGone(ended);
    await tasks.delete({ containerId }, call);
  }

  async function collect(): Promise<void> {
    const { lease } = await leases.create({}, call);
    await leases.delete({ id: lease?.id ?? '', sync: true }, call);
  }

  const snapshotters = await snapshottersOf(rpc, signal);
  const inSnapshotter = (snapshotter: string): Step => ({
    kind: `${snapshotter} snapshot`,
    async items() {
      const all: Info[] = [];
      for await (const { info } of snapshots.list({ snapshotter }, call)) all.push(...info);
      return topFirst(all).map((key) => ({
        id: key,
        remove: () => snapshots.remove({ snapshotter, key }, call),
      }));
    },
  });

  return [
    {
      kind: 'task',
      items: async () =>
        (await tasks.list({}, call)).tasks.map(({ id }) => ({ id, remove: () => endTask(id) })),
    },
    {
      kind: 'container',
      async items() {
        const ids: string[] = [];
        for await (const { container } of containers.listStream({}, call))
          ids.push(container?.id ?? '');
        return ids.map((id) => ({ id, remove: () => containers.delete({ id }, call) }));
      },
    },
    {
      kind: 'image',
      items: async () =>
        (await images.list({}, call)).images.map(({ name }) => ({
          id: name,
          remove: () => images.delete({ name }, call),
        })),
    },
    {
      kind: 'lease',
      items: async () =>
        (await leases.list({}, call)).leases.map(({ id }) => ({
          id,
          remove: () => leases.delete({ id }, call),
        })),
    },
    {
      // The daemon collects what nothing refers to any more, on its own time and not always with the
      // children's names in their parents. Waited for, it is not in the way of what follows.
      kind: 'garbage',
      items: async () => [{ id: 'of the daemon', remove: collect }],
    },
    ...snapshotters.map(inSnapshotter),
    {
      kind: 'ingest',
      items: async () =>
        (await content.listStatuses({}, call)).statuses.map(({ ref }) => ({
          id: ref,
          remove: () => content.abort({ ref }, call),
        })),
    },
    {
      kind: 'blob',
      async items() {
        const digests: string[] = [];
        for await (const { info } of content.list({}, call))
          digests.push(...info.map(({ digest }) => digest));
        return digests.map((digest) => ({
          id: digest,
          remove: () => content.delete({ digest }, call),
        }));
      },
    },
  ];
}

async function snapshottersOf(rpc: Rpc, signal: AbortSignal): Promise<readonly string[]> {
  const filters = ['type==io.containerd.snapshotter.v1'];
  const { plugins } = await rpc.client(Introspection).plugins({ filters }, { signal });
  return plugins.filter(({ initErr }) => initErr === undefined).map(({ id }) => id);
}

/** The keys of snapshots, each after those that stand on it. */
function topFirst(all: readonly Info[]): readonly string[] {
  const parents = new Map(all.map(({ name, parent }) => [name, parent]));
  const depth = (key: string): number => {
    const parent = parents.get(key);
    return parent === undefined || parent === '' ? 0 : 1 + depth(parent);
  };
  return [...parents.keys()]
    .map((key) => ({ key, depth: depth(key) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ key }) => key);
}

/** The garbage collection takes what others no longer refer to: that is no failure. */
export async function unlessGone(removing: Promise<unknown>): Promise<void> {
  try {
    await removing;
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
  }
}
