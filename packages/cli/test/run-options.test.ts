import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deviceNumbers, hostDevice } from '../src/options/devices.js';
import { parseMount, parseTmpfs, parseVolume } from '../src/options/mounts.js';
import { parsePairs, parseSecurity, parseUlimit } from '../src/options/resources.js';
import { containerOptions, type RunFlags } from '../src/options/run-options.js';

const options = (flags: Partial<RunFlags> = {}, args: readonly string[] = []) =>
  containerOptions('job', 'alpine', args, { pull: 'missing', ...flags });

const wrong = (field: string) => expect.objectContaining({ code: 'invalid-argument', field });

describe('-v', () => {
  it.each([
    ['/a:/b', { source: '/a', destination: '/b', options: ['rbind', 'rprivate'], readOnly: false }],
    ['/a:/b:ro', { source: '/a', destination: '/b', readOnly: true }],
    ['/a:/b:ro,rshared', { options: ['rbind', 'rshared'], readOnly: true }],
    ['/a:/b:rw,z', { options: ['rbind', 'rprivate'], readOnly: false }],
    ['./a:/b', { source: join(process.cwd(), 'a') }],
  ])('%s is a mount', (text, mount) => {
    expect(parseVolume(text)).toMatchObject(mount);
  });

  it.each(['/a', '', ':/b', 'name:/b', '/a:/b:readonly', '/a:/b:ro:x'])('refuses %j', (text) => {
    expect(() => parseVolume(text)).toThrow(wrong('--volume'));
  });
});

describe('--mount and --tmpfs', () => {
  it.each([
    [
      'type=bind,source=/a,target=/b,readonly',
      { source: '/a', destination: '/b', options: ['rbind', 'rprivate'], readOnly: true },
    ],
    ['src=/a,dst=/b', { source: '/a', destination: '/b', readOnly: false }],
    ['type=bind,src=/a,destination=/b,readonly=false', { readOnly: false }],
    ['type=bind,src=/a,dst=/b,bind-propagation=rslave', { options: ['rbind', 'rslave'] }],
    [
      'type=bind,src=/a,dst=/b,options=ro:nosuid',
      { options: ['rbind', 'rprivate', 'ro', 'nosuid'] },
    ],
    [
      'type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770',
      { type: 'tmpfs', options: ['nosuid', 'nodev', `size=${64 << 20}`, 'mode=1770'] },
    ],
    ['type=cgroup,target=/c', { type: 'cgroup', destination: '/c' }],
  ])('%s is a mount', (text, mount) => {
    expect(parseMount(text)).toMatchObject(mount);
  });

  it.each([
    'type=bind,source=/a',
    'type=bind,target=/b',
    'type=bind,src=/a,dst=/b,shiny',
    'src=/a,dst=/b,bind-propagation=odd',
    'type=tmpfs,target=/t,tmpfs-size=big',
    '',
  ])('refuses %j', (text) => {
    expect(() => parseMount(text)).toThrow(wrong('--mount'));
  });

  it('are safe unless they say otherwise', () => {
    expect(parseTmpfs('/t')).toMatchObject({ destination: '/t', options: ['nosuid', 'nodev'] });
    expect(parseTmpfs('/t:size=1k,suid').options).toEqual(['nodev', 'size=1024', 'suid']);
    expect(() => parseTmpfs('/t:size=big')).toThrow(wrong('--tmpfs'));
  });
});

describe('--ulimit, --security-opt, --label and --device', () => {
  it('are read', () => {
    expect(parseUlimit('nofile=1024')).toEqual(['nofile', { soft: 1024, hard: 1024 }]);
    expect(parseUlimit('nofile=1:2')).toEqual(['nofile', { soft: 1, hard: 2 }]);
    expect(parseUlimit('core=-1')).toEqual([
      'core',
      { soft: Number.MAX_SAFE_INTEGER, hard: Number.MAX_SAFE_INTEGER },
    ]);
    expect(parseSecurity(['seccomp=unconfined', 'no-new-privileges:false', 'apparmor=p'])).toEqual({
      seccomp: 'unconfined',
      noNewPrivileges: false,
      apparmor: 'p',
    });
    expect(parseSecurity(['no-new-privileges'])).toEqual({ noNewPrivileges: true });
    expect(parsePairs(['a=1', 'b=x=y', 'c'], '--label')).toEqual({ a: '1', b: 'x=y', c: '' });
  });

  it('are refused with their names', async () => {
    for (const text of ['nofile', 'nofile=', 'nofile=1:', '=1', 'nofile=a']) {
      expect(() => parseUlimit(text)).toThrow(wrong('--ulimit'));
    }
    expect(() => parseSecurity(['label=x'])).toThrow(wrong('--security-opt'));
    expect(() => parsePairs(['=1'], '--label')).toThrow(wrong('--label'));
    for (const text of ['null', '/dev/null:relative', '/dev', '/dev/no-such-device']) {
      await expect(hostDevice(text)).rejects.toThrow(wrong('--device'));
    }
  });

  it('look a device up on the host', async () => {
    expect(await hostDevice('/dev/null:/dev/nil')).toMatchObject({
      ...{ path: '/dev/nil', type: 'c', major: 1, minor: 3 },
    });
    expect(deviceNumbers(0x0010_0801)).toEqual({ major: 8, minor: 0x101 });
  });
});

describe('what run asks of the library', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ctrd-cli-test-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('is the image’s own when no option says otherwise', async () => {
    expect(await options()).toMatchObject({
      ...{ id: 'job', image: 'alpine', args: undefined, entrypoint: undefined, env: [] },
      ...{ mounts: [], restart: undefined, namespaces: undefined },
    });
  });

  it('takes arguments, and an entrypoint that may be emptied', async () => {
    expect(await options({ entrypoint: '/e' }, ['a', '-b'])).toMatchObject({
      ...{ args: ['a', '-b'], entrypoint: ['/e'] },
    });
    expect(await options({ entrypoint: '' })).toMatchObject({ entrypoint: [] });
  });

  it('has the variables of files before those of options, and ours by name', async () => {
    const file = join(folder, 'env');
    await writeFile(file, '# comment\n\nA=1\r\n  B="quoted"\nOURS\nUNSET_HERE\n');
    vi.stubEnv('OURS', 'mine');
    vi.stubEnv('UNSET_HERE', undefined);
    const { env } = await options({
      envFile: [file],
      env: ['A=2', 'OURS', 'EMPTY=', 'UNSET_HERE'],
    });
    vi.unstubAllEnvs();
    expect(env).toEqual(['A=1', 'B="quoted"', 'OURS=mine', 'A=2', 'OURS=mine', 'EMPTY=']);
    await expect(options({ envFile: [join(folder, 'none')] })).rejects.toThrow(wrong('--env-file'));
  });

  it('binds what is there', async () => {
    await expect(options({ volume: [`${folder}/none:/x`] })).rejects.toThrow(wrong('--volume'));
    await expect(options({ mount: [`src=${folder}/none,dst=/x`] })).rejects.toThrow(folder);
    expect((await options({ volume: [`${folder}:/x`] })).mounts).toHaveLength(1);
  });

  it('shares with the host what is asked for', async () => {
    expect((await options({ network: 'host', ipc: 'host' })).namespaces).toEqual({
      ...{ network: 'host', ipc: 'host' },
    });
    expect((await options({ network: 'none' })).namespaces).toBeUndefined();
    await expect(options({ network: 'bridge' })).rejects.toThrow(wrong('--network'));
  });

  it('restarts by a policy', async () => {
    expect((await options({ restart: 'on-failure:3' })).restart).toEqual({
      policy: 'on-failure:3',
    });
    expect((await options({ restart: 'no' })).restart).toBeUndefined();
    await expect(options({ restart: 'sometimes' })).rejects.toThrow(wrong('--restart'));
  });
});
