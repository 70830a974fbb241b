import { median, quantile, short } from '../harness/statistics.js';
import { table } from '../harness/table.js';

/** One container's end. */
export interface End {
  /** Containers that the client watched. */
  readonly size: number;
  readonly kind: string;
  readonly client: string;
  /** Until it was known. */
  readonly ms: number;
  readonly cpuUs: number;
}

/** What it takes a client to watch so many. */
export interface Cost {
  readonly size: number;
  readonly client: string;
  readonly heap: number;
  readonly resident: number;
  /** Of each container that came to those of the size before; none did to the first. */
  readonly each:
    | Readonly<Record<'heap' | 'resident' | 'daemon' | 'shims' | 'cpuUs', number>>
    | undefined;
}

/** How soon ends are known. The last client is the one that the others are compared with. */
export function endsTable(ends: readonly End[], control: string): string {
  const groups = new Map<string, End[]>();
  const nameOf = ({ size, kind }: End, client: string) => `${size} ${kind} ${client}`;
  for (const end of ends) {
    const name = nameOf(end, end.client);
    groups.set(name, [...(groups.get(name) ?? []), end]);
  }
  const p50 = (of: readonly End[] = []) => median(of.map(({ ms }) => ms));
  const rows = [...groups.values()].flatMap((of) => {
    const [first] = of;
    if (first === undefined) return [];
    const { size, kind, client } = first;
    const peers = groups.get(nameOf(first, control));
    return [
      [
        ...[String(size), kind, client, short(p50(of))],
        short(
          quantile(
            of.map(({ ms }) => ms),
            0.99,
          ),
        ),
        short(p50(of) / p50(peers)),
        short(median(of.map(({ cpuUs }) => cpuUs)) / 1000),
      ],
    ];
  });
  const head = ['watched', 'how', 'client', 'p50 ms', 'p99 ms', `times ${control}`, 'CPU ms'];
  return table(head, rows, 3);
}

/** What it takes to watch many. */
export function costsTable(costs: readonly Cost[]): string {
  const kib = (bytes = Number.NaN) => short(bytes / 1024);
  const rows = costs.map(({ size, client, heap, resident, each }) => [
    ...[String(size), client, short(heap / 2 ** 20), short(resident / 2 ** 20)],
    ...[kib(each?.heap), kib(each?.resident), kib(each?.daemon), kib(each?.shims)],
    short((each?.cpuUs ?? Number.NaN) / 1000),
  ]);
  return table(
    [
      ...['watched', 'client', 'heap MiB', 'RSS MiB', 'heap KiB', 'RSS KiB'],
      ...['daemon KiB', 'shims KiB', 'CPU ms'],
    ],
    rows,
    2,
  );
}
