import { invalidArgument } from '@ctrd/core';
import { checkTexts } from './check.js';
import type { SpecChange } from './runtime-spec.js';

/** Variables as callers write them: `NAME=value` texts, or an object. */
export type EnvOption = readonly string[] | Readonly<Record<string, string | undefined>>;

/**
 * Sets variables, given as `NAME=value` or as an object; `NAME` alone, or an undefined value,
 * removes one. Others stay.
 */
export function withEnv(env: EnvOption): SpecChange {
  const changes = isList(env) ? env : Object.entries(env).map(entryOf);
  checkTexts('env', changes);
  for (const change of changes) {
    if (nameOf(change) === '') throw invalidArgument('env', 'be NAME=value', change);
  }
  return (spec) => ({
    ...spec,
    process: { ...spec.process, env: mergedEnv(spec.process.env, changes) },
  });
}

/** Variables with others set over them; the order of first appearance stays. */
export function mergedEnv(below: readonly string[], above: readonly string[]): readonly string[] {
  const merged = new Map(below.map((entry) => [nameOf(entry), entry]));
  // The last word on a name counts, so that the same changes again change nothing.
  for (const [name, entry] of new Map(above.map((entry) => [nameOf(entry), entry]))) {
    if (entry.includes('=')) merged.set(name, entry);
    else merged.delete(name);
  }
  return [...merged.values()];
}

function isList(env: EnvOption): env is readonly string[] {
  return Array.isArray(env);
}

function entryOf([name, value]: readonly [string, string | undefined]): string {
  if (name === '' || name.includes('=')) {
    throw invalidArgument('env', 'have names that are not empty and without `=`', name);
  }
  if (value !== undefined && typeof value !== 'string') {
    throw invalidArgument(`env.${name}`, 'be a text', value);
  }
  return value === undefined ? name : `${name}=${value}`;
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
