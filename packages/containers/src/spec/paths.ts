import { checkAbsolute } from './check.js';
import type { SpecChange } from './runtime-spec.js';

/** Paths that look empty in the container; the list replaces the one there is. */
export function withMaskedPaths(paths: readonly string[]): SpecChange {
  for (const [index, path] of paths.entries()) checkAbsolute(`maskedPaths[${index}]`, path);
  return (spec) => ({ ...spec, linux: { ...spec.linux, maskedPaths: [...paths] } });
}

/** Paths that are read-only in the container; the list replaces the one there is. */
export function withReadonlyPaths(paths: readonly string[]): SpecChange {
  for (const [index, path] of paths.entries()) checkAbsolute(`readonlyPaths[${index}]`, path);
  return (spec) => ({ ...spec, linux: { ...spec.linux, readonlyPaths: [...paths] } });
}
