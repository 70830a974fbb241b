import type { Bench } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { compareRuns } from '../harness/compare-runs.js';
import type { Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { repeatCtr } from '../peers/ctr.js';

const size = { count: 10, concurrency: 1 };
const go = 'the Go client';

/** A program in a running container. */
export const execBench: Bench = {
  name: 'exec',
  title: 'A program in a running container',
  async run(setting) {
    const { image, namespace, rounds, daemon } = setting;
    await using client = await connect(setting);
    const id = 'bench-exec';
    await using container = await client.createContainer({ id, image, args: ['sleep', '1000000'] });
    let made = 0;
    const variants = new Map<string, Variant<Runs>>([
      [
        'ctrd',
        () =>
          repeat(async () => {
            const process = await container.exec({ args: ['true'] });
            await process.wait();
          }, size),
      ],
      [
        'ctr task exec',
        () =>
          repeatCtr(
            setting,
            () => ['task', 'exec', '--exec-id', `ctr-${(made += 1)}`, id, 'true'],
            size,
          ),
      ],
    ]);
    const flags = { address: daemon.address, namespace, container: id, ...size };
    if (setting.go !== undefined) {
      const peer = setting.go;
      variants.set(go, () => peer.measure<Runs>('exec', flags));
    }
    return `Run \`true\` in a container that runs, and wait for its end.

${await compareRuns(rounds, variants, go)}`;
  },
};
