import { CtrdError } from '../errors/index.js';

/** What decides when something starts. */
export interface Dependent {
  readonly name: string;
  /** Names of the parts it needs or uses. */
  readonly needs: readonly string[];
  /** Names of the parts it provides. */
  readonly gives: readonly string[];
}

/**
 * Sorts so that everything comes after the providers of what it needs; what is independent stays in
 * its order. Throws `failed-precondition`, naming the circle, when there is none.
 */
export function dependencyOrder<T extends Dependent>(items: readonly T[]): readonly T[] {
  const providers = new Map<string, T>();
  for (const item of items) for (const part of item.gives) providers.set(part, item);
  const sorted: T[] = [];
  const done = new Set<T>();

  function visit(item: T, path: readonly T[]): void {
    if (done.has(item)) return;
    if (path.includes(item)) {
      const circle = [...path.slice(path.indexOf(item)), item].map(({ name }) => name);
      throw new CtrdError(`plugins need each other in a circle: ${circle.join(' → ')}`, {
        code: 'failed-precondition',
        reason: 'cycle',
      });
    }
    for (const part of item.needs) {
      const provider = providers.get(part);
      if (provider !== undefined && provider !== item) visit(provider, [...path, item]);
    }
    done.add(item);
    sorted.push(item);
  }

  for (const item of items) visit(item, []);
  return sorted;
}
