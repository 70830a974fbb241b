import type { Bench, Setting } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { compareRuns } from '../harness/compare-runs.js';
import { interleaved, type Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';
import { repeatCtr } from '../peers/ctr.js';

/** How many containers each measurement makes. */
const counts = { alone: 5, together: 12 };
const concurrency = 4;
const go = 'the Go client';

/** A container from an image, from nothing to nothing: snapshot, record, task, exit, removal. */
export const lifecycleBench: Bench = {
  name: 'lifecycle',
  title: 'Life cycle of a container',
  async run(setting) {
    await using client = await connect(setting);
    const run = async (id: string) => {
      const container = await client.createContainer({ id, image: setting.image, args: ['true'] });
      await container.wait();
      await container.destroy();
    };
    const alone = variants(setting, run, { count: counts.alone, concurrency: 1 });
    const together = variants(setting, run, { count: counts.together, concurrency });
    return `Create, start, wait and remove a container of the busybox image that runs \`true\`. \`ctr\` is a
process of its own each time.

${await compareRuns(setting.rounds, alone, go)}

Containers a second, ${concurrency} at once:

${await rates(setting, together)}`;
  },
};

function variants(
  setting: Setting,
  run: (id: string) => Promise<void>,
  size: { readonly count: number; readonly concurrency: number },
): ReadonlyMap<string, Variant<Runs>> {
  let made = 0;
  const name = () => `bench-${(made += 1)}`;
  const { image, namespace, daemon } = setting;
  const all = new Map<string, Variant<Runs>>([
    ['ctrd', () => repeat(() => run(name()), size)],
    [
      'ctr run --rm',
      () =>
        repeatCtr(
          setting,
          () => ['run', '--rm', '--null-io', image, `ctr-${name()}`, 'true'],
          size,
        ),
    ],
  ]);
  const flags = { address: daemon.address, namespace, image, ...size };
  if (setting.go !== undefined) {
    const peer = setting.go;
    all.set(go, () => peer.measure<Runs>('lifecycle', flags));
  }
  return all;
}

async function rates(
  { rounds }: Setting,
  together: ReadonlyMap<string, Variant<Runs>>,
): Promise<string> {
  const results = await interleaved(rounds, together);
  const perSecond = (name: string) =>
    (results.get(name) ?? []).map(({ runs, allMs }) => (runs.length * 1000) / allMs);
  const rows = [...results.keys()].map((name) => [
    name,
    short(median(perSecond(name))),
    ratioTo(perSecond(go), perSecond(name)).toFixed(2),
  ]);
  return table(['', 'a second', `times ${go}`], rows);
}
