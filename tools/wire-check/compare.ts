import type { Surface, Traits } from './surface.js';

/** One trait on which two surfaces disagree; a trait that one of them lacks is `undefined` there. */
export interface Difference {
  /** Full name of what differs: `containerd.types.Mount.source`. */
  readonly path: string;
  /** `kind` when one side lacks the whole thing. */
  readonly trait: string;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** Everything that `theirs` declares and `ours` lacks or declares differently. */
export function differences(ours: Surface, theirs: Surface): Difference[] {
  return [...theirs].flatMap(([path, traits]) => traitDifferences(path, ours.get(path), traits));
}

/** What `ours` declares and none of `theirs` knows. */
export function unknownTo(theirs: readonly Surface[], ours: Surface): string[] {
  return [...ours.keys()].filter((path) => !theirs.some((surface) => surface.has(path)));
}

/** The surface as it is when a type had another name, wherever that name stands. */
export function renamed(surface: Surface, from: string, to: string): Surface {
  const swap = (name: string): string =>
    name === from || name.startsWith(`${from}.`) ? to + name.slice(from.length) : name;
  const swapAll = (traits: Traits): Traits =>
    Object.fromEntries(Object.entries(traits).map(([trait, value]) => [trait, swap(value)]));
  return new Map([...surface].map(([path, traits]) => [swap(path), swapAll(traits)]));
}

/** Whether a path names what the prefix names, or something in it. */
export function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`);
}

function traitDifferences(path: string, ours: Traits | undefined, theirs: Traits): Difference[] {
  if (ours === undefined) {
    return [{ path, trait: 'kind', ours: undefined, theirs: theirs['kind'] }];
  }
  const traits = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...traits]
    .filter((trait) => ours[trait] !== theirs[trait])
    .map((trait) => ({ path, trait, ours: ours[trait], theirs: theirs[trait] }));
}
