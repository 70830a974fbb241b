import fc from 'fast-check';

type Path = readonly (string | number)[];

/** A document with anything else, or nothing, in one to three of its places; as text. */
export function mutated(document: unknown): fc.Arbitrary<string> {
  const places = fc.constantFrom(...pathsOf(document));
  const changes = fc.array(fc.tuple(places, fc.option(fc.jsonValue())), {
    minLength: 1,
    maxLength: 3,
  });
  return changes.map((all) =>
    JSON.stringify(all.reduce((whole, [path, value]) => put(whole, path, value), document)),
  );
}

function pathsOf(value: unknown): Path[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [[], ...inner.flatMap(([key, part]) => pathsOf(part).map((path) => [key, ...path]))];
}

/** `null` takes the place away. */
function put(whole: unknown, [key, ...path]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (typeof whole !== 'object' || whole === null) return whole;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(whole)
    ? [...whole]
    : { ...whole };
  const parts = copy as Record<string | number, unknown>;
  if (path.length === 0 && value === null) delete parts[key];
  else parts[key] = put(parts[key], path, value);
  return copy;
}
