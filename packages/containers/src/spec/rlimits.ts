import { invalidArgument } from '@ctrd/core';
import type { Rlimit, SpecChange } from './runtime-spec.js';

/** Limits by name, with or without `RLIMIT_`; a number is both the soft and the hard one. */
export type RlimitsOption = Readonly<
  Record<string, number | { readonly soft: number; readonly hard: number }>
>;

/** The names of `getrlimit(2)`. */
const names = new Set(
  `AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING
  STACK`.split(/\s+/),
);

/**
 * Limits of each process: `{ NOFILE: { soft: 1024, hard: 4096 } }`. Others stay. The largest,
 * `Number.MAX_SAFE_INTEGER`, is as good as none.
 */
export function withRlimits(limits: RlimitsOption): SpecChange {
  const changed = Object.entries(limits).map(rlimit);
  return (spec) => {
    const kept = (spec.process.rlimits ?? []).filter(({ type }) =>
      changed.every((other) => other.type !== type),
    );
    return { ...spec, process: { ...spec.process, rlimits: [...kept, ...changed] } };
  };
}

function rlimit([name, limit]: readonly [string, RlimitsOption[string]]): Rlimit {
  const short = name.toUpperCase().replace(/^RLIMIT_/, '');
  if (!names.has(short)) throw invalidArgument('rlimits', 'name limits of getrlimit(2)', name);
  const { soft, hard } = typeof limit === 'number' ? { soft: limit, hard: limit } : limit;
  if (!(Number.isSafeInteger(soft) && Number.isSafeInteger(hard) && soft >= 0 && soft <= hard)) {
    const rule = 'be whole numbers of at least 0, soft not above hard';
    throw invalidArgument(`rlimits.${name}`, rule, `${soft}:${hard}`);
  }
  return { type: `RLIMIT_${short}`, hard, soft };
}
