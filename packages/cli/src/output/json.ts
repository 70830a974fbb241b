/** Over several lines. Bigints become numbers, dates ISO texts. */
export function json(value: unknown): string {
  return JSON.stringify(value, plain, 2);
}

/** In one line, for streams of values. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plain);
}

function plain(_key: string, entry: unknown): unknown {
  return typeof entry === 'bigint' ? Number(entry) : entry;
}
