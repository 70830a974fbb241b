import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Bench } from '../harness/bench.js';
import { connect } from '../harness/client.js';
import { interleaved, type Variant } from '../harness/interleaved.js';
import { type Runs, repeat } from '../harness/runs.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';
import { repeatCtr } from '../peers/ctr.js';

const megabytes = 200;
const once = { count: 1, concurrency: 1 };
const go = 'the Go client';

/** How fast what a container prints arrives. */
export const stdioBench: Bench = {
  name: 'stdio',
  title: 'What a container prints',
  async run(setting) {
    const { image, namespace, rounds, daemon } = setting;
    await using client = await connect(setting);
    const id = 'bench-stdio';
    await using container = await client.createContainer({ id, image, args: ['sleep', '1000000'] });
    const args = ['dd', 'if=/dev/zero', 'bs=1M', 'status=none', `count=${megabytes}`];
    let made = 0;

    const variants = new Map<string, Variant<Runs>>([
      [
        'ctrd, the stream of a pipe',
        () =>
          repeat(async () => {
            const process = await container.exec({ args, stdio: 'pipe' });
            process.stdout.resume();
            process.stderr.resume();
            await Promise.all([finished(process.stdout), process.wait()]);
          }, once),
      ],
      [
        'ctrd, into a stream of the caller',
        () =>
          repeat(async () => {
            const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
            const process = await container.exec({ args, stdio: { stdout } });
            await process.wait();
          }, once),
      ],
      [
        'ctr task exec >/dev/null',
        () =>
          repeatCtr(
            setting,
            () => ['task', 'exec', '--exec-id', `ctr-${(made += 1)}`, id, ...args],
            once,
          ),
      ],
    ]);
    const flags = { address: daemon.address, namespace, container: id, megabytes, ...once };
    if (setting.go !== undefined) {
      const peer = setting.go;
      variants.set(go, () => peer.measure<Runs>('stdio', flags));
    }
    const results = await interleaved(rounds, variants);
    const speed = (name: string) =>
      (results.get(name) ?? []).map(({ allMs }) => (megabytes * 1000) / allMs);
    const rows = [...results.keys()].map((name) => [
      name,
      short(median(speed(name))),
      ratioTo(speed(go), speed(name)).toFixed(2),
      short(median((results.get(name) ?? []).flatMap(({ cpuMs }) => cpuMs ?? []))),
    ]);
    return `A program prints ${megabytes} MiB of zeros to a stdout that is read and thrown away; starting it is part of
the time. The shim copies everything once, whoever reads.

${table(['reader', 'MiB a second', `times ${go}`, 'client CPU ms'], rows)}`;
  },
};
