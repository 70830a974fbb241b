import { type Style, styled } from './style.js';

/** One column: its heading, and what it shows of a row. */
export interface Column<T> {
  readonly heading: string;
  readonly of: (row: T) => string;
  /** Gives way when a terminal is too narrow. */
  readonly shrinks?: boolean;
  /** Is left out, the first of them first, when that is not enough. */
  readonly spare?: boolean;
  readonly style?: (row: T) => Style | undefined;
}

/** Where a table is shown. */
export interface TableSpace {
  /** Columns of the terminal; undefined for a pipe, into which everything fits. */
  readonly width?: number | undefined;
  readonly colors?: boolean;
}

const gap = '   ';
const narrowest = 8;

/** Columns side by side without borders; the last one is not padded. */
export function table<T>(
  rows: readonly T[],
  all: readonly Column<T>[],
  { width, colors = false }: TableSpace = {},
): string {
  const columns = width === undefined ? all : fitting(rows, all, width);
  const cells = rows.map((row) => columns.map(({ of }) => oneLine(of(row))));
  const widths = columns.map((column) => widthOf(column, rows));
  if (width !== undefined) shrink(widths, columns, width);
  const line = (texts: readonly string[], style: (index: number) => Style | undefined) =>
    texts
      .map((text, index) => {
        const room = widths[index] ?? 0;
        const shown = shortened(text, room);
        const padding = index === texts.length - 1 ? 0 : room - shown.length;
        return styled(shown, style(index), colors) + ' '.repeat(Math.max(0, padding));
      })
      .join(gap)
      .trimEnd();
  const head = line(
    columns.map(({ heading }) => heading),
    () => 'bold',
  );
  const body = cells.map((texts, index) =>
    line(texts, (column) => columns[column]?.style?.(rows[index] as T)),
  );
  return [head, ...body].map((text) => `${text}\n`).join('');
}

/** A text of at most so many characters, with a mark where it was cut. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(0, most - 1))}…` : text;
}

function widthOf<T>({ heading, of }: Column<T>, rows: readonly T[]): number {
  return Math.max(heading.length, ...rows.map((row) => oneLine(of(row)).length));
}

/** The columns that there is room for, each as narrow as it may be. */
function fitting<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  width: number,
): readonly Column<T>[] {
  const least = columns.map((column) => {
    const whole = widthOf(column, rows);
    return column.shrinks === true ? Math.min(whole, narrowest) : whole;
  });
  const needed = least.reduce((sum, each) => sum + each + gap.length, -gap.length);
  const spare = columns.findIndex((column) => column.spare === true);
  if (needed <= width || spare === -1) return columns;
  return fitting(rows, columns.toSpliced(spare, 1), width);
}

/** Takes width from the widest of the columns that give way, until the table fits. */
function shrink<T>(widths: number[], columns: readonly Column<T>[], width: number): void {
  let over = widths.reduce((sum, each) => sum + each, 0) + gap.length * (widths.length - 1) - width;
  while (over > 0) {
    const able = columns
      .map(({ shrinks }, index) => ({ index, room: shrinks ? (widths[index] ?? 0) : 0 }))
      .filter(({ room }) => room > narrowest)
      .sort((one, other) => other.room - one.room);
    const [widest] = able;
    if (widest === undefined) return;
    widths[widest.index] = widest.room - 1;
    over -= 1;
  }
}

/** A row stays a row, and nothing that others wrote gives commands to the terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
