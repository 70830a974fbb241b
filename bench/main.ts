// Runs benchmarks side by side with peers and writes their tables: `npm run bench [-- NAME...]`.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ctr, newPlace, removeDaemon, startDaemon } from '../e2e/support/daemon-process.js';
import { busyboxImageTar, busyboxName } from '../e2e/support/image.js';
import { type Line, lines } from '../tools/matrix/index.js';
import { archivesBench } from './benches/archives.js';
import { cliBench } from './benches/cli.js';
import { execBench } from './benches/exec.js';
import { exitsBench } from './benches/exits.js';
import { groupsBench } from './benches/groups.js';
import { http2Bench } from './benches/http2.js';
import { lifecycleBench } from './benches/lifecycle.js';
import { poolBench } from './benches/pool.js';
import { pullBench } from './benches/pull.js';
import { stdioBench } from './benches/stdio.js';
import { uploadBench } from './benches/upload.js';
import type { Bench, Setting } from './harness/bench.js';
import { debugConfig } from './harness/daemon-heap.js';
import { environment } from './harness/environment.js';
import { buildGoPeer } from './harness/go-peer.js';

const benches: readonly Bench[] = [
  poolBench,
  uploadBench,
  lifecycleBench,
  execBench,
  groupsBench,
  exitsBench,
  stdioBench,
  archivesBench,
  cliBench,
  pullBench,
  http2Bench,
];
const results = join(import.meta.dirname, 'results');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    line: { type: 'string', default: '1.7' },
    rounds: { type: 'string', default: '7' },
    print: { type: 'boolean', default: false },
  },
});

const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
const line = lines.find((each) => each === values.line);
const rounds = Number(values.rounds);
if (unknown.length > 0 || line === undefined || !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(
    `usage: npm run bench [-- ${benches.map(({ name }) => name).join('|')}...]
         [--line ${lines.join('|')}] [--rounds N] [--print]`,
  );
  process.exit(2);
}
await run(line);

async function run(on: Line): Promise<void> {
  const debugSocket = join(tmpdir(), `ctrd-bench-${process.pid}.sock`);
  const daemon = await newPlace(on, { config: debugConfig(debugSocket) });
  try {
    await startDaemon(daemon);
    const namespace = `bench-${process.pid}`;
    await ctr(daemon, '--namespace', namespace, 'images', 'import', await busyboxImageTar());
    const go = await buildGoPeer();
    const setting: Setting = { daemon, debugSocket, namespace, image: busyboxName, rounds, go };
    for (const bench of chosen) await report(bench, setting);
  } finally {
    await removeDaemon(daemon);
    await rm(debugSocket, { force: true });
  }
}

async function report({ name, title, run }: Bench, setting: Setting): Promise<void> {
  const text = `# ${title}\n\n${await environment(setting)}\n\n${await run(setting)}\n`;
  console.log(text);
  if (values.print) return;
  await mkdir(results, { recursive: true });
  await writeFile(join(results, `${name}.md`), text);
}
