import { access } from 'node:fs/promises';
import type { ContainerOptions, MountOption, RestartOption } from '@ctrd/client';
import { CtrdError } from '@ctrd/client/core';
import type { LogDriver } from '../detached-log.js';
import { hostDevice } from './devices.js';
import { environment } from './environment.js';
import { parseMount, parseTmpfs, parseVolume } from './mounts.js';
import { parsePairs, parseSecurity, parseUlimit } from './resources.js';
import { wrong } from './wrong.js';

/** The options of `run` and `create`, as commander gives them. */
export interface RunFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly name?: string;
  readonly detach?: true;
  readonly detachKeys?: string;
  readonly rm?: true;
  readonly entrypoint?: string;
  readonly label?: readonly string[];
  readonly annotation?: readonly string[];
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly pidsLimit?: number;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly securityOpt?: readonly string[];
  readonly ulimit?: readonly string[];
  readonly sysctl?: readonly string[];
  readonly device?: readonly string[];
  readonly privileged?: true;
  readonly readOnly?: true;
  readonly hostname?: string;
  readonly network?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly restart?: string;
  readonly runtime?: string;
  readonly platform?: string;
  readonly pull: 'always' | 'missing' | 'never';
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly logDriver?: string;
}

/** The label of docker's `--stop-timeout`, in seconds. */
export const stopTimeoutLabel = 'ctrd/stop-timeout';

/** The label of `--log-driver none`: a later start makes no log either. */
export const logDriverLabel = 'ctrd/log-driver';

/** What the library is asked for, but for the streams. */
export async function containerOptions(
  id: string,
  image: string,
  args: readonly string[],
  flags: RunFlags,
): Promise<ContainerOptions> {
  const { workdir, user, entrypoint, hostname, runtime, stopSignal, stopTimeout } = flags;
  const { memory, memoryReservation, cpus, cpuShares, cpusetCpus, pidsLimit } = flags;
  const mounts = [
    ...(flags.volume ?? []).map(parseVolume),
    ...(flags.mount ?? []).map(parseMount),
    ...(flags.tmpfs ?? []).map(parseTmpfs),
  ];
  await Promise.all(mounts.map(checkSource));
  return {
    ...{ id, image, cwd: workdir, user, hostname, runtime, stopSignal },
    args: args.length > 0 ? args : undefined,
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    env: await environment(flags),
    labels: {
      ...parsePairs(flags.label, '--label'),
      ...(stopTimeout === undefined ? {} : { [stopTimeoutLabel]: String(stopTimeout) }),
      ...(logDriverOf(flags) === 'none' ? { [logDriverLabel]: 'none' } : {}),
    },
    annotations: parsePairs(flags.annotation, '--annotation'),
    mounts,
    limits: { memory, memoryReservation, cpus, cpuShares, cpuset: cpusetCpus, pids: pidsLimit },
    capabilities: { add: flags.capAdd, drop: flags.capDrop },
    ...parseSecurity(flags.securityOpt),
    rlimits: Object.fromEntries((flags.ulimit ?? []).map(parseUlimit)),
    sysctls: parsePairs(flags.sysctl, '--sysctl'),
    devices: await Promise.all((flags.device ?? []).map(hostDevice)),
    privileged: flags.privileged,
    readonlyRootfs: flags.readOnly,
    namespaces: hostNamespaces(flags),
    restart: restartOf(flags),
  };
}

/** The runtime would say so in many more words, when all else is made. */
async function checkSource({ type = 'bind', source = '' }: MountOption): Promise<void> {
  if (type !== 'bind') return;
  await access(source).catch((cause: unknown) => {
    throw new CtrdError(`${source} cannot be bound: there is nothing of that name here`, {
      ...{ code: 'invalid-argument', field: '--volume', cause },
    });
  });
}

/** How its output is kept when it runs without a terminal of ours. */
export function logDriverOf(flags: RunFlags): LogDriver {
  const { logDriver = 'file', tty, interactive } = flags;
  if (logDriver === 'json-file' && interactive === true && tty !== true) {
    // The shim gives none to what has a logger.
    throw wrong('--log-driver', 'file or none with --interactive', logDriver);
  }
  if (logDriver === 'none' || logDriver === 'file' || logDriver === 'json-file') return logDriver;
  throw wrong('--log-driver', 'file, json-file or none', logDriver);
}

/** `host` is the host's; everything else is the default, a namespace of its own. */
function hostNamespaces({ network, pid, ipc }: RunFlags): ContainerOptions['namespaces'] {
  const chosen = { network, pid, ipc };
  for (const [name, mode] of Object.entries(chosen)) {
    if (mode !== undefined && mode !== 'host' && mode !== 'none' && mode !== 'private') {
      throw wrong(`--${name}`, 'host, or none for one of its own', mode);
    }
  }
  const hosts = Object.entries(chosen).filter(([, mode]) => mode === 'host');
  return hosts.length === 0 ? undefined : Object.fromEntries(hosts);
}

function restartOf({ restart: policy, rm }: RunFlags): RestartOption | undefined {
  if (policy === undefined || policy === 'no') return undefined;
  if (rm === true) throw wrong('--restart', 'left out with --rm', policy);
  if (!/^(always|unless-stopped|on-failure(:\d+)?)$/.test(policy)) {
    throw wrong('--restart', 'no, always, unless-stopped or on-failure[:count]', policy);
  }
  return { policy: policy as RestartOption['policy'] };
}
