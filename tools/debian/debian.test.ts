import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { debianMirrors } from './apt-sources.js';
import { madeOnce } from './cache.js';
import { download } from './download.js';
import { parseEntry } from './package-index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ctrd-debian-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the mirrors of a machine', () => {
  it('are read from one-line and deb822 sources, whole suites only', async () => {
    await mkdir(join(folder, 'sources.list.d'));
    const listed = join(folder, 'mirrors.txt');
    await writeFile(listed, 'http://listed.example/debian/\tpriority:1\n');
    await writeFile(
      join(folder, 'sources.list'),
      `# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian/ bookworm main contrib
deb-src http://source.example/debian bookworm main
deb mirror+file:${listed} bookworm main
deb http://security.example/debian-security bookworm-security main
`,
    );
    await writeFile(
      join(folder, 'sources.list.d/more.sources'),
      `Types: deb
# a comment
URIs: http://two.example/debian
 http://three.example/debian
Suites: bookworm bookworm-updates
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`,
    );
    expect(await debianMirrors(folder)).toEqual([
      'http://one.example/debian',
      'http://listed.example/debian',
      'http://two.example/debian',
      'http://three.example/debian',
    ]);
  });

  it('are none where apt is not set up', async () => {
    expect(await debianMirrors(join(folder, 'none'))).toEqual([]);
  });
});

it('finds a package in an index by its whole name', () => {
  const index = [
    'Package: runc-tools\nVersion: 9\nFilename: pool/x\nSHA256: aa',
    'Package: runc\nVersion: 1.1\nDepends: libc6\nFilename: pool/r.deb\nSHA256: bb',
    'Package: last\nVersion: 2\nFilename: pool/l.deb\nSHA256: cc\n',
  ].join('\n\n');
  expect(parseEntry(index, 'runc')).toEqual({
    name: 'runc',
    version: '1.1',
    filename: 'pool/r.deb',
    sha256: 'bb',
  });
  expect(parseEntry(index, 'last')?.sha256).toBe('cc');
  expect(parseEntry(index, 'run')).toBeUndefined();
});

describe('what is made once', () => {
  it('is whole for all that want it at the same time, and leaves no workshop', async () => {
    const target = join(folder, 'made');
    const make = () =>
      madeOnce(target, async (path) => {
        await mkdir(path);
        await writeFile(join(path, 'content'), 'whole');
      });
    expect(await Promise.all([make(), make(), make()])).toEqual([target, target, target]);
    expect(await readFile(join(target, 'content'), 'utf8')).toBe('whole');
    expect(await readdir(folder)).toEqual(['made']);
  });

  it('does not exist after a failure', async () => {
    const failure = madeOnce(join(folder, 'made'), async (path) => {
      await writeFile(path, 'half');
      throw new Error('no');
    });
    await expect(failure).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a download', () => {
  it('is tried again after a server error and a cut connection, and follows redirects', async () => {
    const answers = [503, 'cut', 302, 200];
    const server = createServer((_, response) => {
      const answer = answers.shift();
      if (answer === 'cut') {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        response.socket?.destroy();
      } else if (answer === 302) response.writeHead(302, { location: '/other' }).end();
      else if (answer === 200) response.end('whole');
      else response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await download(`http://127.0.0.1:${port}/file`, join(folder, 'file'), { pauseMs: 1 });
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('whole');
      expect(answers).toEqual([]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('says what it could not reach', async () => {
    const failure = download('http://127.0.0.1:1/file', join(folder, 'file'), { pauseMs: 1 });
    await expect(failure).rejects.toThrow(/cannot download http:.* offline/);
  });
});
