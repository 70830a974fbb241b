import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerOptions, containers, type ExitMessage } from '@ctrd/containers';
import { ctrd, type Failure, Report } from '@ctrd/core';
import {
  busyboxRootfs,
  type LeakOracle,
  leakOracle,
  type PrivateDaemon,
  privateDaemon,
  type Remains,
} from '../support/index.js';

/** How clients learn of ends: `CTRD_EXITS=events` runs these tests with the other strategy. */
export const exitSource = process.env['CTRD_EXITS'] === 'events' ? 'events' : 'wait';

/** A client whose hooks, exits and reported failures a test looks at. */
export async function connect(
  daemon: PrivateDaemon,
  namespace: string,
  source: 'wait' | 'events' = exitSource,
) {
  const exits: ExitMessage[] = [];
  const execExits: ExitMessage[] = [];
  const failures: Failure[] = [];
  const client = await ctrd({ ...daemon, namespace })
    .provide(Report, (failure) => void failures.push(failure))
    .use(
      containers({
        exits: source,
        onExit: [(exit) => void exits.push(exit)],
        onExecExit: [(exit) => void execExits.push(exit)],
      }),
    )
    .connect();
  return { client, exits, execExits, failures };
}

export type FaultClient = Awaited<ReturnType<typeof connect>>;

/** A daemon of the file's own, which its tests may harm, and a root file system to run in. */
export interface Fixture extends AsyncDisposable {
  readonly daemon: PrivateDaemon;
  readonly namespace: string;
  readonly oracle: LeakOracle;
  /** Options of a container that runs a shell script. */
  sh(id: string, script: string, options?: Partial<ContainerOptions>): ContainerOptions;
  /** A folder of the host that containers see as `/host`. */
  readonly shared: string;
  /** Makes an empty file there: what a container waits for. */
  touch(name: string): Promise<void>;
}

export async function makeFixture(
  namespace: string,
  options: Parameters<typeof privateDaemon>[0] = {},
): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-faults-'));
  const rootfs = join(folder, 'rootfs');
  const shared = await mkdtemp(join(folder, 'shared-'));
  const [daemon] = await Promise.all([privateDaemon(options), busyboxRootfs(rootfs)]);
  return {
    daemon,
    namespace,
    shared,
    oracle: leakOracle(daemon, namespace),
    touch: (name) => writeFile(join(shared, name), ''),
    sh: (id, script, options) => ({
      ...{ id, rootfs, args: ['sh', '-c', script], stdio: 'pipe' },
      mounts: [{ source: shared, destination: '/host', options: ['rbind', 'rw'] }],
      ...options,
    }),
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a test with a client of its own; nothing may be left of it, unless it `leaves` something. */
export async function withClient(
  fixture: Fixture,
  run: (made: FaultClient) => Promise<void>,
  {
    leaves = false,
    except,
    source,
  }: { leaves?: boolean; except?: RegExp; source?: 'wait' | 'events' } = {},
): Promise<void> {
  const { daemon, namespace } = fixture;
  const oracle = except === undefined ? fixture.oracle : leakOracle(daemon, namespace, { except });
  const before: Remains = await oracle.count();
  const made = await connect(daemon, namespace, source);
  try {
    await run(made);
  } finally {
    await made.client.close();
  }
  if (!leaves) await oracle.expectNothingLeft(before);
}
