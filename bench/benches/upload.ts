import { Content, WriteAction } from '@ctrd/api/services/content/v1';
import { Version } from '@ctrd/api/services/version/v1';
import { type CallRole, createServiceClient } from '@ctrd/core';
import { grpcConnector } from '@ctrd/core/grpc';
import { createPool, type Pool } from '@ctrd/pool';
import type { Bench, Setting } from '../harness/bench.js';
import { interleaved, type Variant } from '../harness/interleaved.js';
import { type Load, load } from '../harness/load.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';

/** How long short calls are measured each time. */
const ms = 1000;
const messageBytes = 1 << 20;
/** Messages under way at once, as `@ctrd/images` has them. */
const inFlight = 8;
const quiet = 'no upload';

/** What an upload does to short calls beside it. */
export const uploadBench: Bench = {
  name: 'upload',
  title: 'Short calls beside an upload',
  async run(setting) {
    const open = () => grpcConnector().open(setting.daemon.address);
    await using pool = createPool({ open });
    const version = () => createServiceClient(Version, pool).version({});
    const beside = (role: CallRole) => async () => {
      using _upload = upload(pool, setting, role);
      return await load(version, { concurrency: 1, ms });
    };
    const variants = new Map<string, Variant<Load>>([
      [quiet, () => load(version, { concurrency: 1, ms })],
      ['an upload on the same connection', beside('control')],
      ['an upload on the connection for bulk', beside('bulk')],
    ]);
    const results = await interleaved(setting.rounds, variants);
    const p50s = (name: string) => (results.get(name) ?? []).map(({ p50 }) => p50);
    const rows = [...results].map(([name, loads]) => [
      name,
      short(median(p50s(name))),
      short(median(loads.map(({ p99 }) => p99))),
      ratioTo(p50s(quiet), p50s(name)).toFixed(2),
    ]);
    return `One Version call after the other, while content is written in messages of 1 MiB, ${inFlight} of them
under way at once.

${table(['beside', 'p50 ms', 'p99 ms', 'times the p50 without'], rows)}`;
  },
};

let uploads = 0;

/** Writes to the content store until it is disposed; nothing is committed. */
function upload(pool: Pool, { namespace }: Setting, role: CallRole): Disposable {
  const stop = new AbortController();
  const headers = { 'containerd-namespace': namespace };
  const content = createServiceClient(Content, pool);
  const ref = `bench-${(uploads += 1)}`;
  const data = new Uint8Array(messageBytes);
  let answered = 0;
  let told = () => {};

  async function* requests() {
    for (let sent = 0; ; sent += 1) {
      while (sent - answered >= inFlight) await new Promise<void>((tell) => (told = tell));
      const offset = BigInt(sent * messageBytes);
      yield { action: WriteAction.WRITE, ref, offset, data };
    }
  }

  async function run(): Promise<void> {
    const { signal } = stop;
    for await (const _ of content.write(requests(), { signal, role, headers })) {
      answered += 1;
      told();
    }
  }
  const running = run().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    return content.abort({ ref }, { headers });
  });
  running.catch((error: unknown) => console.error('the upload failed:', error));
  return { [Symbol.dispose]: () => stop.abort() };
}
