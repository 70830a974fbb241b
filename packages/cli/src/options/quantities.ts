import { InvalidArgumentError } from 'commander';

/** Reads a number of at least 0. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number of at least 0.');
  }
  return value;
}

/** Reads a size in bytes with one of docker's suffixes (powers of 1024): `512m`, `2g`, `1.5GiB`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text.trim());
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match?.[2] ?? '').toLowerCase());
  if (match === null) throw new InvalidArgumentError('It must be a size, such as 512m or 2g.');
  return Math.round(Number(match[1]) * 1024 ** power);
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a span of time in milliseconds: `90s`, `1h30m`, `1.5h`; a bare number means seconds. */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1_000);
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(trimmed)) {
    throw new InvalidArgumentError('It must be a span of time, such as 90s or 1h30m.');
  }
  const parts = trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g);
  return Math.round(
    [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0),
  );
}

/** Reads a moment: RFC 3339, or a span before now as {@link parseDuration} reads it. */
export function parseMoment(text: string, now: number = Date.now()): Date {
  // A bare number is a Unix time, as for docker.
  if (/^\d{9,}(\.\d+)?$/.test(text)) return new Date(Number(text) * 1_000);
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const date = new Date(text);
    if (!Number.isNaN(date.getTime())) return date;
  }
  try {
    return new Date(now - parseDuration(text));
  } catch {
    throw new InvalidArgumentError(
      'It must be a time such as 2026-01-31T12:00:00Z, or a span before now such as 10m.',
    );
  }
}

/** Reads how many lines: a number, or `all`. */
export function parseTail(text: string): number | 'all' {
  if (text === 'all') return text;
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a number of lines, or all.');
  return Number(text);
}
