/**
 * Over several lines. Bigints become numbers, dates and timestamps RFC 3339 texts, bytes base64;
 * of a protobuf message only the fields are told.
 */
export function json(value: unknown): string {
  return JSON.stringify(value, plain, 2);
}

/** In one line, for streams of values. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plain);
}

function plain(this: unknown, key: string, entry: unknown): unknown {
  if (typeof entry === 'bigint') return Number(entry);
  if (key === '$typeName' || key === '$unknown') return undefined;
  // As it was before its own `toJSON`, which a Buffer has.
  const own = (this as Readonly<Record<string, unknown>>)[key];
  if (own instanceof Uint8Array) return Buffer.from(own).toString('base64');
  return isTimestamp(entry) ? rfc3339(entry) : entry;
}

interface Timestamp {
  readonly seconds: bigint;
  readonly nanos: number;
}

function isTimestamp(value: unknown): value is Timestamp {
  const message = value as { readonly $typeName?: unknown } | null | undefined;
  return message?.$typeName === 'google.protobuf.Timestamp';
}

function rfc3339({ seconds, nanos }: Timestamp): string {
  const [whole] = new Date(Number(seconds) * 1000).toISOString().split('.');
  return `${whole}${nanos === 0 ? '' : `.${String(nanos).padStart(9, '0')}`}Z`;
}
