import { readFile } from 'node:fs/promises';
import { type ContainerOptions, CtrdError } from '@ctrd/client';
import { parseBytes } from './command-spec.js';

/** The options of `run`, as commander gives them. */
export interface RunFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly name?: string;
  readonly detach?: true;
  readonly rm?: true;
  readonly entrypoint?: string;
  readonly label?: readonly string[];
  readonly annotation?: readonly string[];
  readonly volume?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly memory?: number;
  readonly cpus?: number;
  readonly pidsLimit?: number;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly securityOpt?: readonly string[];
  readonly ulimit?: readonly string[];
  readonly privileged?: true;
  readonly readOnly?: true;
  readonly hostname?: string;
  readonly net?: string;
  readonly restart?: string;
  readonly runtime?: string;
  readonly stopSignal?: string;
}

/** What the library is asked for, but for the streams. */
export async function containerOptions(
  id: string,
  image: string,
  args: readonly string[],
  flags: RunFlags,
): Promise<ContainerOptions> {
  const { workdir, user, entrypoint, hostname, runtime, stopSignal, memory, cpus, pidsLimit } =
    flags;
  return {
    ...{ id, image, cwd: workdir, user, hostname, runtime, stopSignal },
    args: args.length > 0 ? args : undefined,
    entrypoint: entrypoint === undefined ? undefined : [entrypoint],
    env: await environment(flags),
    labels: pairs(flags.label, '--label'),
    annotations: pairs(flags.annotation, '--annotation'),
    mounts: [...(flags.volume ?? []).map(volume), ...(flags.tmpfs ?? []).map(tmpfs)],
    limits: { memory, cpus, pids: pidsLimit },
    capabilities: { add: flags.capAdd, drop: flags.capDrop },
    ...security(flags.securityOpt),
    rlimits: Object.fromEntries((flags.ulimit ?? []).map(ulimit)),
    privileged: flags.privileged,
    readonlyRootfs: flags.readOnly,
    namespaces: flags.net === 'host' ? { network: 'host' } : undefined,
    restart: flags.restart === undefined ? undefined : { policy: flags.restart as 'always' },
  };
}

/** Variables: those of files first, `NAME` alone with our own value. */
export async function environment(flags: {
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
}): Promise<readonly string[]> {
  const files = await Promise.all((flags.envFile ?? []).map((path) => readFile(path, 'utf8')));
  const lines = files
    .flatMap((file) => file.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return [...lines, ...(flags.env ?? [])].flatMap((entry) => {
    if (entry.includes('=')) return [entry];
    const own = process.env[entry];
    return own === undefined ? [] : [`${entry}=${own}`];
  });
}

function volume(text: string) {
  const [source = '', destination = '', ...options] = text.split(':');
  if (destination === '') throw wrong('--volume', 'source:destination[:ro]', text);
  return { source, destination, readOnly: options.join(',').split(',').includes('ro') };
}

function tmpfs(text: string) {
  const [destination = '', options = ''] = text.split(':');
  const size = options
    .split(',')
    .find((option) => option.startsWith('size='))
    ?.slice('size='.length);
  return {
    ...{ destination, type: 'tmpfs', source: 'tmpfs' },
    options: ['nosuid', 'nodev', ...(size === undefined ? [] : [`size=${parseBytes(size)}`])],
  };
}

function ulimit(text: string): readonly [string, { soft: number; hard: number }] {
  const match = /^([a-z]+)=(\d+)(?::(\d+))?$/i.exec(text);
  const [, name, soft, hard = soft] = match ?? [];
  if (name === undefined) throw wrong('--ulimit', 'name=soft[:hard]', text);
  return [name, { soft: Number(soft), hard: Number(hard) }];
}

function security(
  options: readonly string[] = [],
): Pick<ContainerOptions, 'seccomp' | 'noNewPrivileges' | 'apparmor'> {
  const result: { seccomp?: 'unconfined'; noNewPrivileges?: boolean; apparmor?: string } = {};
  for (const option of options) {
    const [key, value = 'true'] = option.split('=');
    if (key === 'seccomp' && value === 'unconfined') result.seccomp = value;
    else if (key === 'no-new-privileges') result.noNewPrivileges = value !== 'false';
    else if (key === 'apparmor') result.apparmor = value;
    else
      throw wrong(
        '--security-opt',
        'seccomp=unconfined, no-new-privileges=false or apparmor=PROFILE',
        option,
      );
  }
  return result;
}

function pairs(
  texts: readonly string[] | undefined,
  option: string,
): Readonly<Record<string, string>> {
  const split = (texts ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw wrong(option, 'key=value', text);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return Object.fromEntries(split);
}

function wrong(option: string, form: string, text: string): CtrdError {
  return new CtrdError(`${option} must be ${form}, not ${JSON.stringify(text)}`, {
    code: 'invalid-argument',
    field: option,
  });
}
