import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compose,
  defaultSpec,
  layersOfMounts,
  type RuntimeSpec,
  resolveRootfsUser,
  type SpecChange,
  withAnnotations,
  withArgs,
  withCapabilities,
  withCpus,
  withCwd,
  withEnv,
  withHostNamespace,
  withMemory,
  withMounts,
  withNamespaces,
  withNoNewPrivileges,
  withPrivileged,
  withReadonlyRootfs,
  withSeccomp,
  withTerminal,
} from '../packages/containers/src/spec/index.js';
import {
  busyboxImage,
  daemon,
  dir,
  file,
  importBusybox,
  namespaceOf,
  ociArchive,
} from './support/index.js';

/** What `ctr` writes into a container's record, next to what the same options make here. */
const namespace = namespaceOf(import.meta.url);

const ctr = (...args: string[]) => daemon().ctr('--namespace', namespace, ...args);

beforeAll(async () => {
  await importBusybox(daemon(), namespace);
});

afterAll(async () => {
  const images = (await ctr('images', 'ls', '-q')).split('\n').filter((name) => name !== '');
  await ctr('images', 'rm', '--sync', ...images);
  await daemon().ctr('namespaces', 'rm', namespace);
});

/** The spec that `ctr containers create` makes, which runs nothing. */
async function ofCtr(image: string, id: string, ...options: string[]): Promise<RuntimeSpec> {
  await ctr('containers', 'create', ...options, image, id, 'sh');
  try {
    return JSON.parse(await ctr('containers', 'info', id)).Spec;
  } finally {
    await ctr('containers', 'rm', id);
  }
}

/** Our spec of the same: the image's part, which is tested elsewhere, is written out. */
function ours(id: string, change: SpecChange): RuntimeSpec {
  const image = compose(withArgs(['sh']), withEnv(['PATH=/bin', 'IMAGE=busybox']));
  return compose(image, change)(defaultSpec({ namespace, id }));
}

/** Without what says nothing: the order of sets, empty lists, the groups that the image gives root. */
function plain({ ociVersion: _, ...spec }: RuntimeSpec, line: string): unknown {
  const { process, linux } = spec;
  const { seccomp, ...others } = linux;
  // 1.6 knows fewer paths to hide, and the older lines' profiles are others.
  const masked = (linux.maskedPaths ?? []).filter(
    (path) => line !== '1.6' || !/powercap/.test(path),
  );
  return JSON.parse(
    JSON.stringify({
      ...spec,
      process: {
        ...process,
        user: { ...process.user, additionalGids: undefined },
        capabilities: Object.fromEntries(
          Object.entries(process.capabilities ?? {}).map(([set, names]) => [
            set,
            [...names].sort(),
          ]),
        ),
      },
      mounts: [...spec.mounts],
      linux: {
        ...others,
        readonlyPaths: linux.readonlyPaths ?? [],
        maskedPaths: masked,
        ...(line === '2.1' && seccomp !== undefined
          ? { seccomp }
          : { filtered: seccomp !== undefined }),
      },
    }),
    // The Go client leaves out what is zero or false.
    (key, value) =>
      (key === 'valueTwo' || key === 'noNewPrivileges') && !value ? undefined : value,
  );
}

const bindOfHost = (path: string) => ({
  source: path,
  destination: path,
  options: ['rbind', 'ro'],
});

const cases: readonly [string, readonly string[], SpecChange][] = [
  ['no options', [], compose()],
  ['a terminal', ['--tty'], withTerminal()],
  ['new privileges', ['--allow-new-privs'], withNoNewPrivileges(false)],
  [
    'capabilities',
    ['--cap-add', 'CAP_SYS_ADMIN', '--cap-add', 'CAP_SYS_PTRACE', '--cap-drop', 'CAP_NET_RAW'],
    withCapabilities({ add: ['SYS_ADMIN', 'SYS_PTRACE'], drop: ['NET_RAW'] }),
  ],
  [
    'limits',
    ['--memory-limit', '67108864', '--cpu-quota', '50000', '--cpu-period', '100000'],
    compose(withMemory(67_108_864), withCpus(0.5)),
  ],
  [
    'environment, folder, annotations and a read-only root',
    ['--env', 'A=B', '--env', 'IMAGE=other', '--cwd', '/tmp', '--annotation', 'a=b', '--read-only'],
    compose(
      withEnv({ A: 'B', IMAGE: 'other' }),
      withCwd('/tmp'),
      withAnnotations({ a: 'b' }),
      withReadonlyRootfs(),
    ),
  ],
  [
    'a bind mount',
    ['--mount', 'type=bind,src=/tmp,dst=/host,options=rbind:ro'],
    withMounts([{ source: '/tmp', destination: '/host', options: ['rbind'], readOnly: true }]),
  ],
  [
    'the network of the host',
    ['--net-host'],
    compose(
      withHostNamespace('network'),
      withEnv({ HOSTNAME: hostname() }),
      withMounts([bindOfHost('/etc/hosts'), bindOfHost('/etc/resolv.conf')]),
    ),
  ],
  [
    'a namespace that exists',
    ['--with-ns', 'ipc:/proc/1/ns/ipc'],
    withNamespaces({ ipc: '/proc/1/ns/ipc' }),
  ],
];

describe('the spec of ctr', () => {
  it.each(cases)('is ours: %s', async (name, options, change) => {
    const { line } = daemon();
    const id = name.replace(/\W+/g, '-');
    const theirs = await ofCtr('docker.io/library/busybox:e2e', id, '--seccomp', ...options);
    expect(plain(ours(id, change), line)).toEqual(plain(theirs, line));
  });

  it('has no seccomp profile unless asked, as ours when turned off', async () => {
    const theirs = await ofCtr('docker.io/library/busybox:e2e', 'unconfined');
    const { line } = daemon();
    expect(plain(ours('unconfined', withSeccomp('unconfined')), line)).toEqual(plain(theirs, line));
    expect(theirs.linux.seccomp).toBeUndefined();
  });

  it('is ours when privileged, but for the nodes of all the host’s devices', async () => {
    const { line } = daemon();
    const theirs = await ofCtr(
      ...(['docker.io/library/busybox:e2e', 'privileged'] as const),
      ...['--privileged', '--allow-new-privs'],
    );
    const { devices: _, ...linux } = theirs.linux;
    expect(plain(ours('privileged', withPrivileged()), line)).toEqual(
      plain({ ...theirs, linux }, line),
    );
  });
});

describe('the users of ctr', () => {
  const layer = [
    dir('etc'),
    file('etc/passwd', 'root:x:0:0:::\nweb:x:1000:100:::\nlone:x:1001:1001:::\n'),
    file('etc/group', 'root:x:0:root\nempty:x:7:\nweb:x:55:web\nlog:x:4:root,web\nusers:x:100:\n'),
  ];

  it.each(['', 'web', '1000', 'web:log', '1000:4', '4242', 'lone', '4242:empty'])(
    'are ours: %j',
    async (user) => {
      const name = `docker.io/library/user:${user.replace(':', '-') || 'none'}`;
      const archive = join(daemon().folder, 'tmp', `${namespace}-user.tar`);
      await writeFile(
        archive,
        await ociArchive(await busyboxImage({ user, layers: [layer] }), name),
      );
      await ctr('images', 'import', archive);
      const id = name.replace(/\W+/g, '-');
      await ctr('containers', 'create', name, id, 'sh');
      const { Spec, SnapshotKey } = JSON.parse(await ctr('containers', 'info', id));
      const command = await ctr('snapshots', 'mounts', '/target', SnapshotKey);
      const [, type = '', source = '', options = ''] =
        /mount -t (\S+) (\S+) \/target -o (\S+)/.exec(command) ?? [];
      const mounts = [{ type, source, target: '', options: options.split(',') }];
      expect(await resolveRootfsUser(user, layersOfMounts(mounts))).toEqual(Spec.process.user);
      await ctr('containers', 'rm', id);
    },
  );
});
