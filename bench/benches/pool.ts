import { Version } from '@ctrd/api/services/version/v1';
import { type Connection, createServiceClient, type Transport } from '@ctrd/core';
import { grpcConnector } from '@ctrd/core/grpc';
import { http2Connector } from '@ctrd/core/http2';
import {
  createPool,
  leastInFlight,
  leastUsed,
  powerOfTwoChoices,
  roundRobin,
  sticky,
} from '@ctrd/pool';
import type { Bench, Setting } from '../harness/bench.js';
import { interleaved, type Variant } from '../harness/interleaved.js';
import { type Load, load } from '../harness/load.js';
import { median, ratioTo, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';
import { bareClient } from '../peers/grpc-js.js';

const strategies = { leastInFlight, leastUsed, roundRobin, powerOfTwoChoices, sticky };
const connectionCounts = [1, 2, 5];
const concurrencies = [1, 16, 256];
/** How long each measurement makes calls. */
const ms = 200;
const control = '1 grpc-js';

/** What a number of connections and a strategy do to short calls. */
export const poolBench: Bench = {
  name: 'pool',
  title: 'Short calls: connections and strategies',
  async run(setting) {
    const columns: ReadonlyMap<string, readonly Load[]>[] = [];
    for (const concurrency of concurrencies) {
      await using variants = variantsOf(setting, concurrency);
      columns.push(await interleaved(setting.rounds, variants.all));
    }
    const names = [...(columns[0]?.keys() ?? [])];
    const tableOf = (cell: (of: readonly Load[], control: readonly Load[]) => string) =>
      table(
        ['connections', 'client', ...concurrencies.map((n) => `${n} at once`)],
        names.map((name) => [
          ...name.split(/ (.*)/).slice(0, 2),
          ...columns.map((column) => cell(column.get(name) ?? [], column.get(control) ?? [])),
        ]),
        2,
      );
    return `Version calls a second / p99 in ms / **how many times the calls a second** of grpc-js alone on
one connection:

${tableOf(rateCell)}

Microseconds of the client's CPU for each call / **how many times** those of grpc-js alone on one
connection. It is the steadier measure, since it knows little of what else the machine does:

${tableOf(cpuCell)}`;
  },
};

function rateCell(loads: readonly Load[], controls: readonly Load[]): string {
  const rates = (of: readonly Load[]) => of.map(({ perSecond }) => perSecond);
  const p99 = median(loads.map((one) => one.p99));
  const times = ratioTo(rates(controls), rates(loads));
  return `${short(median(rates(loads)))} / ${short(p99)} / **${times.toFixed(2)}**`;
}

function cpuCell(loads: readonly Load[], controls: readonly Load[]): string {
  const cpus = (of: readonly Load[]) => of.map(({ cpuUs }) => cpuUs);
  const times = ratioTo(cpus(controls), cpus(loads));
  return `${median(cpus(loads)).toFixed(0)} / **${times.toFixed(2)}**`;
}

interface Variants extends AsyncDisposable {
  readonly all: ReadonlyMap<string, Variant<Load>>;
}

/** Every client, connected before the first measurement. */
function variantsOf({ daemon, go }: Setting, concurrency: number): Variants {
  const { address } = daemon;
  const open = (): Connection => grpcConnector().open(address);
  const closing: (() => unknown)[] = [];
  const all = new Map<string, Variant<Load>>();

  function measure(name: string, call: (caller: number) => Promise<unknown>): void {
    all.set(name, () => load(call, { concurrency, ms }));
  }
  function measureTransport(name: string, transport: Transport): void {
    closing.push(() => transport.close());
    const { version } = createServiceClient(Version, transport);
    const affinities = Array.from({ length: concurrency }, (_, caller) => `container-${caller}`);
    measure(name, (caller) => version({}, { affinity: affinities[caller] }));
  }

  for (const connections of connectionCounts) {
    const bare = bareClient(address, connections);
    closing.push(() => bare[Symbol.dispose]());
    measure(`${connections} grpc-js`, (caller) => bare.version(caller));
    if (connections === 1) {
      measureTransport('1 ctrd, no pool', open());
      measureTransport('1 ctrd, node:http2', http2Connector().open(address));
    }
    for (const [name, strategy] of Object.entries(strategies)) {
      const pool = createPool({ open }, { capacity: connections, strategy: strategy() });
      measureTransport(`${connections} pool, ${name}`, pool);
    }
    if (go !== undefined) {
      const flags = { address, connections, concurrency, ms };
      all.set(`${connections} Go`, () => go.measure<Load>('load', flags));
    }
  }
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close();
    },
  };
}
