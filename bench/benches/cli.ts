import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCli } from '../../e2e/support/bundle-cli.js';
import type { Bench, Setting } from '../harness/bench.js';
import { compareRuns } from '../harness/compare-runs.js';
import type { Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { repeatCtr } from '../peers/ctr.js';

const count = 3;
const peer = 'ctr';

/** How soon the command answers, beside containerd's own, which is a native program. */
export const cliBench: Bench = {
  name: 'cli',
  title: 'The command line beside ctr',
  async run(setting) {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-bench-cli-'));
    try {
      const program = await bundleCli(folder);
      let made = 0;
      const { image } = setting;
      const compare = (ours: readonly string[], theirs: () => readonly string[]) =>
        compareRuns(setting.rounds, variants(setting, ['--', program, ...ours], theirs), peer);
      return `Each figure is a whole process, from its start to its end. Node.js alone, with nothing to do, is
what no command in JavaScript can be faster than.

\`--help\`:

${await compare(['--help'], () => ['--help'])}

\`version\`, which asks the daemon:

${await compare(['version'], () => ['version'])}

\`run --rm\` of \`true\` in the busybox image:

${await compare(['run', '--rm', image, 'true'], () => {
  made += 1;
  return ['run', '--rm', image, `cli-${made}`, 'true'];
})}`;
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

function variants(
  setting: Setting,
  ours: readonly string[],
  theirs: () => readonly string[],
): ReadonlyMap<string, Variant<Runs>> {
  const size = { count, concurrency: 1 };
  const node = async (args: readonly string[]): Promise<Runs> => {
    const { runs, allMs } = await repeat(() => runNode(setting, args), size);
    // The CPU time that was measured is of this process.
    return { runs, allMs };
  };
  return new Map<string, Variant<Runs>>([
    ['ctrd', () => node(ours)],
    [peer, () => repeatCtr(setting, theirs, size)],
    ['node alone', () => node(['-e', '0'])],
  ]);
}

/** Runs Node.js to its end, without reading what it prints. */
async function runNode({ daemon, namespace }: Setting, args: readonly string[]): Promise<void> {
  const env = {
    PATH: daemon.path,
    CONTAINERD_ADDRESS: daemon.address,
    CONTAINERD_NAMESPACE: namespace,
  };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
}
