import type { ContainerOptions } from '@ctrd/client';
import { wrong } from './wrong.js';

/** Reads `--ulimit nofile=1024[:2048]`; -1 and `unlimited` are no limit. */
export function parseUlimit(text: string): readonly [string, { soft: number; hard: number }] {
  const match = /^([a-z]+)=(-1|unlimited|\d+)(?::(-1|unlimited|\d+))?$/i.exec(text);
  const [, name, soft = '', hard = soft] = match ?? [];
  if (name === undefined) throw wrong('--ulimit', 'name=soft[:hard]', text);
  return [name, { soft: limitOf(soft), hard: limitOf(hard) }];
}

/** The largest number there is is as good as none. */
const limitOf = (text: string): number =>
  text === '-1' || text === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(text);

/** Reads docker's `--security-opt`. */
export function parseSecurity(
  options: readonly string[] = [],
): Pick<ContainerOptions, 'seccomp' | 'noNewPrivileges' | 'apparmor'> {
  const result: { seccomp?: 'unconfined'; noNewPrivileges?: boolean; apparmor?: string } = {};
  for (const option of options) {
    // docker takes a colon as well.
    const [key, value = 'true'] = option.split(/[=:](.*)/s);
    if (key === 'seccomp' && value === 'unconfined') result.seccomp = value;
    else if (key === 'no-new-privileges') result.noNewPrivileges = value !== 'false';
    else if (key === 'apparmor') result.apparmor = value;
    else {
      const form = 'seccomp=unconfined, no-new-privileges=false or apparmor=PROFILE';
      throw wrong('--security-opt', form, option);
    }
  }
  return result;
}

/** Reads `key=value` texts; a key alone has an empty value, as docker's labels do. */
export function parsePairs(
  texts: readonly string[] | undefined,
  option: string,
): Readonly<Record<string, string>> {
  const split = (texts ?? []).map((text) => {
    const [key = '', value = ''] = text.split(/=(.*)/s);
    if (key === '') throw wrong(option, 'key=value', text);
    return [key, value] as const;
  });
  return Object.fromEntries(split);
}
