import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DebianRegistry, debianRegistry } from '../../e2e/support/registry.js';
import { busyboxImage, file } from '../../tools/busybox-image/index.js';
import type { Bench, Setting } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { compareRuns } from '../harness/compare-runs.js';
import type { Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { repeatCtr } from '../peers/ctr.js';
import { repeatSkopeo } from '../peers/skopeo.js';

const once = { count: 1, concurrency: 1 };
const peer = 'ctr, itself';

/** Images from a registry into the daemon, unpacked. */
export const pullBench: Bench = {
  name: 'pull',
  title: 'Images pulled',
  async run(setting) {
    await using registry = await debianRegistry();
    await seed(registry, 'many:1', 20, 10 << 20);
    await seed(registry, 'large:1', 1, 200 << 20);
    const many = await compare(setting, `${registry.host}/many:1`);
    const large = await compare(setting, `${registry.host}/large:1`);
    return `From Debian's \`docker-registry\` on loopback, into a namespace without the image, unpacked to
overlayfs. \`ctr\` and \`skopeo\` are a process of their own each time; skopeo only copies, to a folder.
Where the daemon has the transfer service, \`ctr\` lets it pull, and \`--local\` makes it pull itself.

20 layers of 10 MiB of random bytes:

${many}

One of 200 MiB:

${large}`;
  },
};

async function seed(registry: DebianRegistry, name: string, count: number, bytes: number) {
  const layers = Array.from({ length: count }, (_, at) => [file(`l-${at}`, randomBytes(bytes))]);
  await registry.seed(name, await busyboxImage({ layers, compression: 'none' }));
}

async function compare(setting: Setting, name: string): Promise<string> {
  await using client = await connect(setting);
  const hasTransfer = await client.supports('transfer');

  /** Removing the image again is not part of the time. */
  const removed = (pull: () => Promise<Runs>) => async () => {
    const runs = await pull();
    await client.removeImage(name, { sync: true });
    return runs;
  };
  const ctr = (...flags: string[]) =>
    removed(() =>
      repeatCtr(setting, () => ['images', 'pull', '--plain-http', ...flags, name], once),
    );
  const variants = new Map<string, Variant<Runs>>([
    ['ctrd', removed(() => repeat(() => client.pullImage(name), once))],
    [peer, hasTransfer ? ctr('--local') : ctr()],
    ...(hasTransfer ? ([['ctr, by the daemon', ctr()]] as const) : []),
    ['skopeo, to a folder', () => skopeo(name)],
  ]);
  return await compareRuns(setting.rounds, variants, peer);
}

async function skopeo(name: string): Promise<Runs> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-pull-'));
  try {
    const args = ['copy', '--src-tls-verify=false', `docker://${name}`, `dir:${folder}`];
    return await repeatSkopeo(args, once);
  } finally {
    await rm(folder, { recursive: true });
  }
}
