import { invalidArgument } from '@ctrd/core';

/** What is different in an image's config; what is not named stays as it is in the base. */
export interface ImageChanges {
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  /** `NAME=value`: added, or put in the place of the variable's old value. */
  readonly env?: readonly string[] | undefined;
  /** Added; an empty value is a value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly stopSignal?: string | undefined;
  /** `80/tcp`: added. */
  readonly exposedPorts?: readonly string[] | undefined;
  /** Paths: added. */
  readonly volumes?: readonly string[] | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** The `config` of a base image, changed. What this package does not know is carried through. */
export function changedConfig(base: Json, changes: ImageChanges): Json {
  const { entrypoint, cmd, workingDir, user, stopSignal } = changes;
  const env = mergedEnv(list(base['Env']), changes.env ?? []);
  const labels = { ...(base['Labels'] as Json | undefined), ...changes.labels };
  const ports = added(base['ExposedPorts'], changes.exposedPorts);
  const volumes = added(base['Volumes'], changes.volumes);
  return {
    ...base,
    ...(env.length === 0 ? {} : { Env: env }),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(cmd === undefined ? {} : { Cmd: cmd }),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(user === undefined ? {} : { User: user }),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(ports === undefined ? {} : { ExposedPorts: ports }),
    ...(volumes === undefined ? {} : { Volumes: volumes }),
  };
}

/** Throws `invalid-argument` (field `changes.…`). */
export function checkChanges(changes: ImageChanges): void {
  for (const field of ['entrypoint', 'cmd', 'env', 'exposedPorts', 'volumes'] as const) {
    const value: unknown = changes[field];
    if (value !== undefined && !isStrings(value)) {
      throw invalidArgument(`changes.${field}`, 'be a list of strings', value);
    }
  }
  for (const field of ['workingDir', 'user', 'stopSignal'] as const) {
    const value: unknown = changes[field];
    if (value !== undefined && typeof value !== 'string') {
      throw invalidArgument(`changes.${field}`, 'be a string', value);
    }
  }
  for (const variable of changes.env ?? []) {
    if (!/^[^=\0]+=[^\0]*$/.test(variable)) {
      throw invalidArgument('changes.env', 'have NAME=value entries', variable);
    }
  }
  for (const port of changes.exposedPorts ?? []) {
    const [, number = ''] = /^(\d{1,5})\/(?:tcp|udp|sctp)$/.exec(port) ?? [];
    if (!(Number(number) >= 1 && Number(number) <= 65_535)) {
      throw invalidArgument('changes.exposedPorts', 'have entries such as 80/tcp', port);
    }
  }
  for (const volume of changes.volumes ?? []) {
    if (!volume.startsWith('/')) {
      throw invalidArgument('changes.volumes', 'have absolute paths', volume);
    }
  }
  const { labels } = changes;
  if (labels !== undefined && !isStrings(Object.values(labels ?? {}))) {
    throw invalidArgument('changes.labels', 'be a map of strings');
  }
}

/** Throws `invalid-argument`. */
export function checkCommit(options: { created: unknown; compression: unknown }): void {
  const { created, compression } = options;
  if (!(created instanceof Date) || Number.isNaN(created.getTime())) {
    throw invalidArgument('created', 'be a valid date', created);
  }
  if (compression !== 'gzip' && compression !== 'none') {
    throw invalidArgument('compression', 'be gzip or none', compression);
  }
}

function mergedEnv(base: readonly string[], changes: readonly string[]): string[] {
  const variables = new Map(base.map((entry) => [nameOf(entry), entry]));
  for (const entry of changes) variables.set(nameOf(entry), entry);
  return [...variables.values()];
}

function nameOf(variable: string): string {
  return variable.split('=', 1)[0] ?? '';
}

/** Go writes a set as an object of empty objects. */
function added(base: unknown, names: readonly string[] | undefined): Json | undefined {
  if (names === undefined) return base as Json | undefined;
  return { ...(base as Json | undefined), ...Object.fromEntries(names.map((name) => [name, {}])) };
}

function list(value: unknown): readonly string[] {
  return isStrings(value) ? value : [];
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
