import { invalidArgument } from '@ctrd/core';
import { checkAbsolute, checkInteger, checkText, checkTexts, largestId } from './check.js';
import type { SpecChange, SpecProcess, SpecUser } from './runtime-spec.js';

const onProcess =
  (change: (process: SpecProcess) => SpecProcess): SpecChange =>
  (spec) => ({ ...spec, process: change(spec.process) });

/** The program and its arguments. */
export function withArgs(args: readonly string[]): SpecChange {
  checkTexts('args', args);
  if (args.length === 0 || args[0] === '') {
    throw invalidArgument('args', 'name a program, not be empty');
  }
  return onProcess((process) => ({ ...process, args: [...args] }));
}

/** The working folder: an absolute path in the container. */
export function withCwd(cwd: string): SpecChange {
  checkAbsolute('cwd', cwd);
  return onProcess((process) => ({ ...process, cwd }));
}

/** Ids as numbers from 0 to 2147483647; names are looked up in an image by `resolveUser`. */
export function withUser(user: SpecUser): SpecChange {
  for (const name of ['uid', 'gid'] as const) {
    checkInteger(`user.${name}`, user[name] ?? Number.NaN, { from: 0, to: largestId });
  }
  for (const gid of user.additionalGids ?? []) {
    checkInteger('user.additionalGids', gid, { from: 0, to: largestId });
  }
  checkInteger('user.umask', user.umask, { from: 0, to: 0o777 });
  const { additionalGids, ...ids } = user;
  const groups = additionalGids === undefined ? {} : { additionalGids: [...additionalGids] };
  return onProcess((process) => ({ ...process, user: { ...ids, ...groups } }));
}

/** A terminal, perhaps of a size in columns and rows. `TERM` is `xterm` unless it is set. */
export function withTerminal(size?: {
  readonly width: number;
  readonly height: number;
}): SpecChange {
  checkInteger('width', size?.width, { from: 1, to: 65_535 });
  checkInteger('height', size?.height, { from: 1, to: 65_535 });
  return onProcess((process) => ({
    ...process,
    terminal: true,
    ...(size === undefined ? {} : { consoleSize: { height: size.height, width: size.width } }),
    env: process.env.some((entry) => entry.startsWith('TERM='))
      ? process.env
      : [...process.env, 'TERM=xterm'],
  }));
}

/** Whether programs with the set-user-id bit or file capabilities gain nothing by them. */
export function withNoNewPrivileges(on = true): SpecChange {
  return onProcess((process) => ({ ...process, noNewPrivileges: on }));
}

/** The profile must be loaded on the host: runc refuses a missing one. */
export function withApparmor(profile: string): SpecChange {
  checkText('apparmor', profile);
  if (profile === '') throw invalidArgument('apparmor', 'name a profile, or be `unconfined`');
  return onProcess((process) => ({ ...process, apparmorProfile: profile }));
}
