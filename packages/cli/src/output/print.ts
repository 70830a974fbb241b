import type { PrintOptions } from '../context.js';
import { json } from './json.js';
import { hasColors } from './style.js';
import { type Column, table } from './table.js';
import { parseTemplate } from './template.js';

/** Who prints: a context has it. */
export interface Printer {
  readonly print: PrintOptions;
}

/** Prints rows as the user wants them: a table, one JSON array of the rows, or a template's lines. */
export function print<T extends object>(
  { print: { output, template } }: Printer,
  rows: readonly T[],
  columns: readonly Column<T>[],
): void {
  process.stdout.write(rendered(rows, columns, { output, template }));
}

/** Prints one thing: as `key: value` lines, as JSON, or by a template. */
export function printOne({ print: { output, template } }: Printer, value: object): void {
  if (template !== undefined) process.stdout.write(`${parseTemplate(template)(value)}\n`);
  else if (output === 'json') process.stdout.write(`${json(value)}\n`);
  else process.stdout.write(listing(value));
}

/** What {@link print} prints. */
export function rendered<T extends object>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  { output, template }: PrintOptions,
): string {
  if (template !== undefined) {
    const render = parseTemplate(template);
    return rows.map((row) => `${render(row)}\n`).join('');
  }
  if (output === 'json') return `${json(rows)}\n`;
  const { stdout } = process;
  const width = stdout.isTTY ? stdout.columns : undefined;
  return table(rows, columns, { width, colors: hasColors(stdout) });
}

/** `key: value` lines; what has parts is indented below its key. */
export function listing(value: object, indent = ''): string {
  return Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .map(([key, entry]) => {
      if (entry instanceof Date) return `${indent}${key}: ${entry.toISOString()}\n`;
      if (Array.isArray(entry) && entry.every((one) => typeof one !== 'object')) {
        return `${indent}${key}: ${entry.join(', ') || '-'}\n`;
      }
      if (typeof entry === 'object' && entry !== null) {
        return `${indent}${key}:\n${listing(entry, `${indent}  `)}`;
      }
      return `${indent}${key}: ${entry === '' ? '-' : entry}\n`;
    })
    .join('');
}
