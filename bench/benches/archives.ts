import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { debianRegistry } from '../../e2e/support/registry.js';
import { busyboxImage, file, ociArchive } from '../../tools/busybox-image/index.js';
import type { Bench, Setting } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { compareRuns } from '../harness/compare-runs.js';
import type { Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { repeatCtr } from '../peers/ctr.js';

const layers = 10;
const layerBytes = 10 << 20;
const name = 'docker.io/library/bench-archives:1';
const once = { count: 1, concurrency: 1 };
const peer = 'ctr';

/** Images out of the daemon: into a file, and into a registry. */
export const archivesBench: Bench = {
  name: 'archives',
  title: 'Images exported and pushed',
  async run(setting) {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-archives-'));
    await using client = await connect(setting);
    try {
      const contents = Array.from({ length: layers }, (_, index) => [
        file(`layer-${index}`, randomBytes(layerBytes)),
      ]);
      const image = await busyboxImage({ layers: contents, compression: 'none' });
      const archive = join(folder, 'image.tar');
      await writeFile(archive, await ociArchive(image, name));
      await client.importImage({ source: createReadStream(archive), unpack: false });
      const exported = await compareRuns(setting.rounds, exports(setting, client, folder), peer);
      const pushed = await compareRuns(setting.rounds, pushes(setting, client), peer);
      return `An image of ${layers} layers of ${layerBytes >> 20} MiB of random bytes. \`ctr\` is a process of its own each time.

Exported into a file:

${exported}

Pushed to Debian's \`docker-registry\` on loopback, empty each time:

${pushed}`;
    } finally {
      await client.removeImage(name, { sync: true });
      await rm(folder, { recursive: true });
    }
  },
};

type Client = Awaited<ReturnType<typeof connect>>;

function exports(setting: Setting, client: Client, folder: string): Map<string, Variant<Runs>> {
  const path = (who: string) => join(folder, `${who}.tar`);
  return new Map<string, Variant<Runs>>([
    [
      'ctrd',
      () =>
        repeat(async () => {
          const archive = client.exportImage({ references: [name] });
          await pipeline(archive, createWriteStream(path('ctrd')));
        }, once),
    ],
    [peer, () => repeatCtr(setting, () => ['images', 'export', path('ctr'), name], once)],
  ]);
}

/** Starting the registry is not part of the time. */
function pushes(setting: Setting, client: Client): Map<string, Variant<Runs>> {
  const onRegistry = (push: (to: string) => Promise<Runs>) => async () => {
    await using registry = await debianRegistry();
    return await push(`${registry.host}/bench/archives:1`);
  };
  return new Map<string, Variant<Runs>>([
    ['ctrd', onRegistry((to) => repeat(() => client.pushImage(name, { to }), once))],
    [
      peer,
      onRegistry((to) => {
        return repeatCtr(setting, () => ['images', 'push', '--plain-http', to, name], once);
      }),
    ],
  ]);
}
