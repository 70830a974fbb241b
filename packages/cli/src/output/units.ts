/** Bytes for people, in powers of 1000 as registries count: `4.3 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // What would round up to 1000 belongs to the next unit.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** How long ago: `3 minutes ago`. */
export function ago(date: Date, now: number = Date.now()): string {
  const span = spanText(now - date.getTime());
  return span === undefined ? 'just now' : `${span} ago`;
}

/** A span for people, in its largest unit: `3 minutes`; undefined below a second. */
export function spanText(ms: number): string | undefined {
  const seconds = Math.max(0, Math.round(ms / 1000));
  for (const [unit, length] of spans) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return undefined;
}

const spans: readonly (readonly [string, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
