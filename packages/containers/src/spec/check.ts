import { invalidArgument } from '@ctrd/core';

/** The largest user and group id: a larger one wraps around to somebody else's. */
export const largestId = 0x7fffffff;

/** Throws `invalid-argument` unless it is a text that a kernel takes: without a zero byte. */
export function checkText(field: string, text: unknown): void {
  if (typeof text !== 'string' || text.includes('\0')) {
    throw invalidArgument(field, 'be a text without a zero byte', text);
  }
}

export function checkTexts(field: string, texts: readonly unknown[]): void {
  if (!Array.isArray(texts)) throw invalidArgument(field, 'be a list of texts', texts);
  for (const [index, text] of texts.entries()) checkText(`${field}[${index}]`, text);
}

/** Throws `invalid-argument` unless every value of an object is a text. */
export function checkTextMap(field: string, texts: Readonly<Record<string, unknown>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (name === '') throw invalidArgument(field, 'have no empty name');
    checkText(`${field}.${name}`, text);
  }
}

export function checkAbsolute(field: string, path: unknown): void {
  if (typeof path !== 'string' || !path.startsWith('/') || path.includes('\0')) {
    throw invalidArgument(field, 'be an absolute path', path);
  }
}

/** Throws `invalid-argument` unless it is a whole number within the bounds, or not given. */
export function checkInteger(
  field: string,
  value: number | undefined,
  { from, to = Number.MAX_SAFE_INTEGER }: { readonly from: number; readonly to?: number },
): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= from && value <= to)) return;
  const upTo = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  throw invalidArgument(field, `be a whole number ${upTo}`, value);
}
