import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownLog, uriOf } from '../src/detached-log.js';
import { portsText, toldOf } from '../src/foreign.js';

describe('containers of other tools', () => {
  let docker: string;
  beforeAll(async () => {
    docker = await mkdtemp(join(tmpdir(), 'ctrd-docker-'));
    await mkdir(join(docker, 'containers/abc'), { recursive: true });
    const binding = (HostIp: string) => ({ HostIp, HostPort: '8080' });
    const notes = {
      Name: '/brave_gauss',
      LogPath: '/var/lib/docker/containers/abc/abc-json.log',
      NetworkSettings: {
        Ports: { '80/tcp': [binding('0.0.0.0'), binding('::')], '53/udp': null },
      },
    };
    await writeFile(join(docker, 'containers/abc/config.v2.json'), JSON.stringify(notes));
  });
  afterAll(async () => {
    await rm(docker, { recursive: true });
  });

  it('have nerdctl’s names, ports and logs', async () => {
    const labels = {
      'nerdctl/name': 'web',
      'nerdctl/ports':
        '[{"HostPort":8080,"ContainerPort":80,"Protocol":"tcp","HostIP":"127.0.0.1"}]',
      'nerdctl/state-dir': '/var/lib/nerdctl/1935db59/containers/default/abc',
    };
    const { name, ports, jsonLog } = await toldOf({ id: 'abc', labels }, 'default', docker);
    expect(name).toBe('web');
    expect(portsText(ports)).toBe('127.0.0.1:8080->80/tcp');
    expect(jsonLog).toBe('/var/lib/nerdctl/1935db59/containers/default/abc/abc-json.log');
  });

  it.each([
    '/etc',
    '/var/lib/nerdctl/1935db59/containers/default/abc/../../../../../../../etc',
    '/var/lib/nerdctl/1935db59/containers/default/other',
    '/var/lib/nerdctl/1935db59/containers/other/abc',
  ])('have no log in %s: an image may have set that label', async (folder) => {
    const labels = { 'nerdctl/state-dir': folder };
    expect((await toldOf({ id: 'abc', labels }, 'default', docker)).jsonLog).toBeUndefined();
  });

  it('have Docker’s, from its own notes', async () => {
    const { name, ports, jsonLog } = await toldOf({ id: 'abc', labels: {} }, 'moby', docker);
    expect(name).toBe('brave_gauss');
    expect(portsText(ports)).toBe('8080->80/tcp');
    expect(jsonLog).toMatch(/abc-json\.log$/);
    expect(await toldOf({ id: 'other', labels: {} }, 'moby', docker)).toMatchObject({
      name: 'other',
    });
  });

  it('have Kubernetes’ pods', async () => {
    const labels = { 'io.kubernetes.pod.name': 'pod', 'io.kubernetes.container.name': 'app' };
    expect(await toldOf({ id: 'abc', labels }, 'k8s.io')).toMatchObject({ name: 'pod/app' });
  });

  it('have their ids when labels tell nothing, or nonsense', async () => {
    for (const labels of [{}, { 'nerdctl/ports': 'x' }, { 'nerdctl/ports': '{}' }]) {
      expect(await toldOf({ id: 'abc', labels }, 'default')).toMatchObject({
        name: 'abc',
        ports: [],
      });
    }
  });
});

describe('the log of a container', () => {
  it('is removed with it only when the command has chosen it', () => {
    const at = (logPath: string | undefined) => ownLog({ id: 'a', logPath, extensions: {} }, 'n');
    expect(at('/var/lib/ctrd/logs/n/a.log')).toBe('/var/lib/ctrd/logs/n/a.log');
    expect(at('/etc/passwd')).toBeUndefined();
    expect(at('/var/lib/ctrd/logs/n/b.log')).toBeUndefined();
    expect(at(undefined)).toBeUndefined();
  });

  it('has a URI that says the same to the shim, whatever the folder is called', () => {
    const path = '/logs/100% sure?/n/a.log';
    expect(uriOf({ path, json: false })).toBe('file:///logs/100%25%20sure%3F/n/a.log');
    const [, query = ''] = uriOf({ path, json: true }).split('?');
    const [pair, ...others] = [...new URLSearchParams(query)];
    expect(others).toEqual([]);
    expect(pair).toEqual([expect.stringMatching(/\/dist\/logger\.js$/), path]);
  });
});
