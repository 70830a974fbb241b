import { readFile } from 'node:fs/promises';
import { shims } from '../../e2e/support/remains.js';
import type { Bench, Setting } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { interleaved } from '../harness/interleaved.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';

const containers = 10;

interface Group {
  /** Milliseconds that each creation took. */
  readonly creations: readonly number[];
  /** MiB of all shims, shared pages counted by their share. */
  readonly memory: number;
}

/** Containers with a shim each, and in one shim. */
export const groupsBench: Bench = {
  name: 'groups',
  title: 'Containers in one shim',
  async run(setting) {
    const each = 'a shim each';
    const results = await interleaved(
      setting.rounds,
      new Map([
        [each, () => measure(setting, undefined)],
        ['`shimGroup`', () => measure(setting, 'group-0')],
      ]),
    );
    const medians = (of: readonly Group[]) => of.map(({ creations }) => median(creations));
    const rows = [...results].map(([name, of]) => [
      name,
      short(median(of.map(({ memory }) => memory / containers))),
      short(median(of.flatMap(({ creations }) => creations))),
      ratioTo(medians(results.get(each) ?? []), medians(of)).toFixed(2),
    ]);
    return `${containers} containers that sleep, made one after the other.

${table(['', 'shim MiB a container', 'creation p50 ms', `times ${each}`], rows)}`;
  },
};

async function measure(setting: Setting, shimGroup: string | undefined): Promise<Group> {
  await using client = await connect(setting);
  const { image } = setting;
  const ids = Array.from({ length: containers }, (_, index) => `group-${index}`);
  const creations: number[] = [];
  try {
    for (const id of ids) {
      const start = performance.now();
      await client.createContainer({ id, image, args: ['sleep', '1000000'], shimGroup });
      creations.push(performance.now() - start);
    }
    return { creations, memory: await memoryOf(setting) };
  } finally {
    // The shim is the first one's: it goes last.
    for (const id of ids.toReversed()) await client.destroyContainer(id, { graceMs: 0 });
  }
}

async function memoryOf({ namespace, daemon }: Setting): Promise<number> {
  const own = (await shims()).filter(
    (shim) => shim.namespace === namespace && shim.address === daemon.address,
  );
  const kib = await Promise.all(
    own.map(async ({ pid }) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
    }),
  );
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}
