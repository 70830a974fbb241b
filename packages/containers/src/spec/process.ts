import { invalidArgument } from '@ctrd/core';
import type { Rlimit, SpecChange, SpecProcess, SpecUser } from './runtime-spec.js';

const onProcess =
  (change: (process: SpecProcess) => SpecProcess): SpecChange =>
  (spec) => ({ ...spec, process: change(spec.process) });

/** The program and its arguments. */
export function withArgs(args: readonly string[]): SpecChange {
  if (args.length === 0 || args[0] === '') {
    throw invalidArgument('args', 'name a program, not be empty');
  }
  checkTexts('args', args);
  return onProcess((process) => ({ ...process, args: [...args] }));
}

/**
 * Sets variables, given as `NAME=value` or as an object; `NAME` alone, or an undefined value,
 * removes one. Others stay.
 */
export function withEnv(
  env: readonly string[] | Readonly<Record<string, string | undefined>>,
): SpecChange {
  const changes = Array.isArray(env)
    ? (env as readonly string[])
    : entriesOf(env as Record<string, string | undefined>);
  checkTexts('env', changes);
  for (const change of changes) {
    if (nameOf(change) === '') throw invalidArgument('env', 'be NAME=value', change);
  }
  return onProcess((process) => ({ ...process, env: mergedEnv(process.env, changes) }));
}

/** Variables with others set over them; the order of first appearance stays. */
export function mergedEnv(below: readonly string[], above: readonly string[]): readonly string[] {
  const merged = new Map(below.map((entry) => [nameOf(entry), entry]));
  for (const entry of above) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

export function withCwd(cwd: string): SpecChange {
  if (!cwd.startsWith('/') || cwd.includes('\0')) {
    throw invalidArgument('cwd', 'be an absolute path', cwd);
  }
  return onProcess((process) => ({ ...process, cwd }));
}

/** Ids as numbers; names are looked up in an image by `resolveUser`. */
export function withUser(user: SpecUser): SpecChange {
  for (const id of [user.uid, user.gid, ...(user.additionalGids ?? [])]) {
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff) {
      throw invalidArgument('user', 'have ids from 0 to 2147483647', id);
    }
  }
  return onProcess((process) => ({ ...process, user: { ...user } }));
}

/** A terminal of a size in columns and rows. */
export function withTerminal(size?: {
  readonly width: number;
  readonly height: number;
}): SpecChange {
  return onProcess((process) => ({
    ...process,
    terminal: true,
    ...(size === undefined ? {} : { consoleSize: { ...size } }),
    env: mergedEnv(['TERM=xterm'], process.env),
  }));
}

export function withNoNewPrivileges(on: boolean): SpecChange {
  return onProcess((process) => ({ ...process, noNewPrivileges: on }));
}

/** Limits by name: `{ NOFILE: { soft: 1024, hard: 4096 } }`; a number is both. Others stay. */
export function withRlimits(
  limits: Readonly<Record<string, number | { readonly soft: number; readonly hard: number }>>,
): SpecChange {
  const changed = Object.entries(limits).map(([name, limit]): Rlimit => {
    const type = name.startsWith('RLIMIT_') ? name : `RLIMIT_${name.toUpperCase()}`;
    const { soft, hard } = typeof limit === 'number' ? { soft: limit, hard: limit } : limit;
    if (!(Number.isInteger(soft) && Number.isInteger(hard) && soft >= 0 && soft <= hard)) {
      throw invalidArgument(`rlimits.${name}`, 'be whole numbers, soft not above hard', limit);
    }
    return { type, soft, hard };
  });
  return onProcess((process) => ({
    ...process,
    rlimits: [
      ...(process.rlimits ?? []).filter(({ type }) =>
        changed.every((other) => other.type !== type),
      ),
      ...changed,
    ],
  }));
}

/** The profile must be loaded on the host: runc refuses a missing one. */
export function withApparmor(profile: string): SpecChange {
  return onProcess((process) => ({ ...process, apparmorProfile: profile }));
}

function entriesOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).map(([name, value]) =>
    value === undefined ? name : `${name}=${value}`,
  );
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

function checkTexts(field: string, texts: readonly string[]): void {
  for (const [index, text] of texts.entries()) {
    if (typeof text !== 'string' || text.includes('\0')) {
      throw invalidArgument(`${field}[${index}]`, 'be a text without a zero byte', text);
    }
  }
}
