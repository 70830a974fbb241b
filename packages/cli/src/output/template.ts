import { CtrdError } from '@ctrd/client/core';
import { json, jsonLine } from './json.js';

/**
 * Reads a template in the form that docker has: `{{.name}}` is a field of the row (as in `--output
 * json`, the case of its letters does not matter), `{{.labels.team}}` a field in a field, `{{json .}}`
 * and `{{json .labels}}` are JSON, `\t` and `\n` a tab and a line break.
 *
 * Throws `invalid-argument` for what it cannot read, and when used for a field that no row has.
 */
export function parseTemplate(text: string): (row: object) => string {
  const parts = text
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .split(/(\{\{.*?\}\})/s);
  const renderers = parts.map((part): ((row: object) => string) => {
    if (!part.startsWith('{{')) return () => part;
    const match = /^\{\{-?\s*(json\s+)?\.([\w./-]*)\s*-?\}\}$/.exec(part);
    if (match === null) throw bad(`{{.field}} and {{json .field}}, not ${part}`);
    const [, asJson, path = ''] = match;
    return (row) => {
      const value = valueAt(row, path);
      return asJson === undefined ? textOf(value) : jsonLine(value);
    };
  });
  if (text.includes('{{') && renderers.length === 1) throw bad('of pairs of {{ and }}');
  return (row) => renderers.map((render) => render(row)).join('');
}

function valueAt(row: object, path: string): unknown {
  if (path === '') return row;
  let value: unknown = row;
  for (const [depth, name] of path.split('.').entries()) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = Object.keys(value).find((own) => own.toLowerCase() === name.toLowerCase());
    if (key === undefined && depth === 0) {
      throw bad(`of the fields ${Object.keys(value).join(', ')}, which ${name} is not`);
    }
    value = key === undefined ? undefined : (value as Record<string, unknown>)[key];
  }
  return value;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
    return value.join(' ');
  }
  return typeof value === 'object' ? json(value) : String(value);
}

function bad(rule: string): CtrdError {
  return new CtrdError(`--format must be table, json or a template ${rule}`, {
    code: 'invalid-argument',
    field: '--format',
  });
}
