import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CtrdError, type MountSpec, throwIfAborted } from '@ctrd/core';

const run = promisify(execFile);

/** mount(2) takes one page of options, and overlay mounts of many layers need more. */
const longestOptions = 4000;

/**
 * Mounts what containerd describes on an existing folder, with the system's `mount`: Node has no
 * mount(2).
 */
export async function mountOn(
  target: string,
  mounts: readonly MountSpec[],
  options: { readOnly: boolean; signal: AbortSignal },
): Promise<void> {
  for (const mount of mounts) {
    const { args, cwd } = mountArguments(mount, target, options.readOnly);
    // Looked at between mounts only: a `mount` that is killed may have mounted all the same, later.
    throwIfAborted(options.signal);
    try {
      await run('mount', args, { cwd, env: mountEnvironment() });
    } catch (error) {
      throw commandError('mount', target, error);
    }
  }
}

/**
 * The kernel's new interface for mounts takes 256 characters an option, fewer than a few layers
 * need; util-linux from 2.39 on uses it unless told otherwise. Messages are to be in English.
 */
const mountEnvironment = () => ({
  ...process.env,
  LIBMOUNT_FORCE_MOUNT2: 'always',
  LC_ALL: 'C',
});

/**
 * Unmounts a folder. One that is in use is tried again for a while, and detached then: it goes when
 * its last user does.
 */
export async function unmount(target: string): Promise<void> {
  for (let pause = firstPauseMs; pause <= lastPauseMs; pause *= 2) {
    try {
      await run('umount', [target]);
      return;
    } catch {
      if (!(await mountedOn()).some(({ folder }) => folder === target)) return;
    }
    await sleep(pause);
  }
  try {
    await run('umount', ['--lazy', target]);
  } catch (error) {
    throw commandError('umount', target, error);
  }
}

/** Waits of half a second together: a scanner of files has let go by then. */
const firstPauseMs = 32;
const lastPauseMs = 256;

/** A mount of this machine, as the kernel lists it. */
export interface Mounted {
  readonly folder: string;
  readonly type: string;
  /** The path within what is mounted: `/` for all of it. */
  readonly root: string;
  /** Of the file system: `lowerdir=…`, `upperdir=…`. */
  readonly options: readonly string[];
}

/** What is mounted, in the order of the mounts. */
export async function mountedOn(): Promise<readonly Mounted[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').flatMap((line) => {
    // `36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
    const [fields = '', more = ''] = line.split(' - ');
    const [, , , root = '', folder] = fields.split(' ');
    if (folder === undefined) return [];
    const [type = '', , options = ''] = more.split(' ');
    return [
      {
        ...{ folder: unescapeOctal(folder), type, root },
        options: options.split(',').map(unescapeOctal),
      },
    ];
  });
}

/** The arguments of `mount(8)` for a mount, and the folder that its relative paths start from. */
export function mountArguments(
  mount: MountSpec,
  target: string,
  readOnly: boolean,
): { args: string[]; cwd: string } {
  const wanted = readOnly
    ? [...mount.options.filter((option) => option !== 'rw'), 'ro']
    : mount.options;
  const { options, cwd } = shortened(wanted);
  const args = ['--types', mount.type === 'bind' ? 'none' : mount.type];
  if (options.length > 0) args.push('--options', options.join(','));
  return { args: [...args, mount.source, target], cwd };
}

/** Makes the layers' paths relative to the folder they share when the options are too long. */
function shortened(options: readonly string[]): { options: readonly string[]; cwd: string } {
  if (options.join(',').length <= longestOptions) return { options, cwd: '/' };
  const lower = options.find((option) => option.startsWith('lowerdir='));
  if (lower === undefined) return { options, cwd: '/' };
  const layers = lower.slice('lowerdir='.length).split(':');
  const shared = layers.map((layer) => `${dirname(layer)}/`).reduce(commonFolder);
  const relative = `lowerdir=${layers.map((layer) => layer.slice(shared.length)).join(':')}`;
  return { options: options.map((option) => (option === lower ? relative : option)), cwd: shared };
}

function commonFolder(left: string, right: string): string {
  let end = 0;
  while (end < left.length && left[end] === right[end]) end += 1;
  return left.slice(0, left.lastIndexOf('/', end - 1) + 1);
}

/** `/proc` writes spaces and the like as `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function commandError(command: string, target: string, error: unknown): CtrdError {
  const failed = error as { code?: unknown; stderr?: string; message?: string };
  if (failed.code === 'ENOENT') {
    return new CtrdError(`the program ${command} is not installed (package mount)`, {
      code: 'failed-precondition',
      reason: 'missing-program',
      cause: error,
    });
  }
  const text = (failed.stderr ?? failed.message ?? '').trim();
  const denied = process.getuid?.() !== 0;
  return new CtrdError(denied ? `${text} (mounting needs root)` : text, {
    code: denied ? 'permission-denied' : 'internal',
    subject: target,
    cause: error,
  });
}
