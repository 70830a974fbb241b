import type { Context } from './context.js';

/** One column: its heading, and what it shows of a row. */
export interface Column<T> {
  readonly heading: string;
  readonly of: (row: T) => string;
}

/**
 * Prints rows as the user wants them: a table, or one JSON array of the rows as they are. Bigints
 * become numbers in JSON, dates ISO texts.
 */
export function print<T>(
  { options }: Context,
  rows: readonly T[],
  columns: readonly Column<T>[],
): void {
  process.stdout.write(options.output === 'json' ? `${json(rows)}\n` : table(rows, columns));
}

/** Prints one thing: as `key: value` lines or as JSON. */
export function printOne(context: Context, value: object): void {
  const lines = Object.entries(value).map(([key, entry]) => `${key}: ${text(entry)}`);
  process.stdout.write(
    context.options.output === 'json' ? `${json(value)}\n` : `${lines.join('\n')}\n`,
  );
}

export function json(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, entry: unknown) => (typeof entry === 'bigint' ? Number(entry) : entry),
    2,
  );
}

/** Columns side by side without borders; the last one is not padded. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map(({ heading }) => heading),
    ...rows.map((row) => columns.map(({ of }) => of(row))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => (row[index] ?? '').length)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Bytes for people, in powers of 1000 as registries count: `4.3 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** How long ago: `3 minutes ago`. */
export function ago(date: Date, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - date.getTime()) / 1000));
  for (const [unit, length] of spans) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

const spans: readonly (readonly [string, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? json(value) : String(value);
}
