import { type Difference, differences, isWithin, renamed, unknownTo } from './compare.js';
import { ahead, leftOut, moved } from './exceptions.js';
import type { Line } from './originals.js';
import type { Surface } from './surface.js';

/** What containerd declares in a line and ours lacks or declares differently, but by exception. */
export function lineDifferences(ours: Surface, originals: Surface, line: Line): Difference[] {
  const excepted = leftOut.filter(({ lines }) => lines.includes(line));
  return differences(ours, asOfNow(originals, line)).filter(
    (difference) =>
      !(isAbsent(difference) && excepted.some(({ path }) => isWithin(difference.path, path))),
  );
}

/** What ours declares and no line does, but by exception. */
export function unknownToLines(ours: Surface, originals: ReadonlyMap<Line, Surface>): string[] {
  return unknown(ours, originals).filter((name) => !ahead.some(({ path }) => isWithin(name, path)));
}

/** Exceptions that except nothing, and would hide a later mistake: `1.6: containerd.types.X`. */
export function staleExceptions(ours: Surface, originals: ReadonlyMap<Line, Surface>): string[] {
  const newer = unknown(ours, originals);
  const stale = ahead.filter(({ path }) => !newer.some((name) => isWithin(name, path)));
  return [
    ...stale.map(({ path }) => `ours: ${path}`),
    ...[...originals].flatMap(([line, surface]) => staleOfLine(ours, surface, line)),
  ];
}

function staleOfLine(ours: Surface, originals: Surface, line: Line): string[] {
  const absent = differences(ours, asOfNow(originals, line)).filter(isAbsent);
  const unused = leftOut
    .filter(({ lines }) => lines.includes(line))
    .filter(({ path }) => !absent.some((difference) => isWithin(difference.path, path)));
  const unmoved = moved
    .filter(({ lines }) => lines.includes(line))
    .filter(({ from }) => !originals.has(from));
  return [...unused.map(({ path }) => path), ...unmoved.map(({ from }) => from)].map(
    (path) => `${line}: ${path}`,
  );
}

function unknown(ours: Surface, originals: ReadonlyMap<Line, Surface>): string[] {
  return unknownTo(
    [...originals].map(([line, surface]) => asOfNow(surface, line)),
    ours,
  );
}

/** The originals with the names that their types have today. */
function asOfNow(originals: Surface, line: Line): Surface {
  return moved
    .filter(({ lines }) => lines.includes(line))
    .reduce((surface, { from, to }) => renamed(surface, from, to), originals);
}

function isAbsent({ trait, ours }: Difference): boolean {
  return trait === 'kind' && ours === undefined;
}
