import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DebianRegistry, debianRegistry } from '../../e2e/support/registry.js';
import { bundle } from '../../tools/bundles/bundle.js';
import { busyboxImage, file } from '../../tools/busybox-image/index.js';
import type { Bench, Setting } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { interleaved, type Variant } from '../harness/interleaved.js';
import { type ProcessUse, runProcess } from '../harness/process-use.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';

const peer = 'ctr, itself';

/** Images from a registry into the daemon, unpacked. */
export const pullBench: Bench = {
  name: 'pull',
  title: 'Images pulled',
  async run(setting) {
    await using registry = await debianRegistry();
    await seed(registry, 'many:1', 20, 10 << 20);
    await seed(registry, 'large:1', 1, 200 << 20);
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-pull-'));
    try {
      const compare = (name: string) =>
        compareProcesses(setting, { name: `${registry.host}/${name}`, folder });
      await bundleProgram(folder);
      return `From Debian's \`docker-registry\` on loopback, into a namespace without the image, unpacked to
overlayfs. Each pull is a process of its own. CPU time and peak memory are of the whole process, with
the start of Node.js in it; the time is of the pull itself for ctrd and the Go client, and of the whole
process for \`ctr\` and skopeo, which takes them some 20 ms more. What the daemon does is in the time
alone. skopeo only copies, to a folder.

20 layers of 10 MiB of random bytes:

${await compare('many:1')}

One of 200 MiB:

${await compare('large:1')}`;
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function seed(registry: DebianRegistry, name: string, count: number, bytes: number) {
  const layers = Array.from({ length: count }, (_, at) => [file(`l-${at}`, randomBytes(bytes))]);
  await registry.seed(name, await busyboxImage({ layers, compression: 'none' }));
}

const programOf = (folder: string) => join(folder, 'pull.mjs');

/** One file, as a host would ship it: loading the sources one by one would be most of the memory. */
async function bundleProgram(folder: string): Promise<void> {
  const { code } = await bundle("import './bench/peers/pull-program.ts';");
  await writeFile(programOf(folder), code);
}

async function compareProcesses(
  setting: Setting,
  { name, folder }: { readonly name: string; readonly folder: string },
): Promise<string> {
  await using client = await connect(setting);
  const { daemon, namespace, go, rounds } = setting;
  const env = { PATH: daemon.path };

  /** Removing the image again is not part of the time. */
  const removed = (pull: Variant<ProcessUse>) => async () => {
    const use = await pull();
    await client.removeImage(name, { sync: true });
    return use;
  };
  const ctrd = (...how: string[]) =>
    removed(async () => {
      const program = [process.execPath, programOf(folder)];
      return itself(await runProcess([...program, daemon.address, namespace, name, ...how], env));
    });
  const ctr = (...flags: string[]) => {
    const place = ['--address', daemon.address, '--namespace', namespace];
    const pull = ['images', 'pull', '--plain-http', ...flags, name];
    return removed(() => runProcess([daemon.ctrPath, ...place, ...pull], env));
  };
  const variants = new Map<string, Variant<ProcessUse>>([
    ['ctrd', ctrd('registry')],
    ['ctrd, over node:http2', ctrd('registry', 'http2')],
  ]);
  // The daemon of 1.7 cannot be told to use plain HTTP.
  const hasTransfer = daemon.line === '2.1';
  if (hasTransfer) variants.set('ctrd, by the daemon', ctrd('transfer'));
  variants.set(peer, hasTransfer ? ctr('--local') : ctr());
  if (hasTransfer) variants.set('ctr, by the daemon', ctr());
  if (go !== undefined) {
    const place = ['-address', daemon.address, '-namespace', namespace];
    const command = [go.program, 'pull', ...place, '-image', name];
    variants.set(
      'the Go client',
      removed(async () => itself(await runProcess(command))),
    );
  }
  variants.set('skopeo, to a folder', () => skopeo(name));
  return tableOf(await interleaved(rounds, variants));
}

/** The time that the program itself has measured. */
function itself(use: ProcessUse): ProcessUse {
  return { ...use, ms: Number(use.output) };
}

async function skopeo(name: string): Promise<ProcessUse> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-skopeo-'));
  try {
    const args = ['copy', '-q', '--src-tls-verify=false', `docker://${name}`, `dir:${folder}`];
    return await runProcess(['skopeo', ...args]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tableOf(results: ReadonlyMap<string, readonly ProcessUse[]>): string {
  const control = results.get(peer) ?? [];
  const columns = ['ms', 'cpuMs', 'peakMiB'] as const;
  const rows = [...results].map(([name, uses]) => [
    name,
    ...columns.flatMap((column) => {
      const of = (all: readonly ProcessUse[]) => all.map((use) => use[column]);
      return [short(median(of(uses))), ratioTo(of(control), of(uses)).toFixed(2)];
    }),
  ]);
  const times = `times ${peer}`;
  return table(['', 'p50 ms', times, 'CPU ms', times, 'peak MiB', times], rows);
}
