import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Blob,
  busyboxImage,
  daemon,
  descriptor,
  file,
  json,
  leakOracle,
  namespaceOf,
  privateAuthority,
  testRegistry,
} from './support/index.js';

const containerd = daemon();
const namespace = namespaceOf(import.meta.url);
const oracle = leakOracle(containerd, namespace);

/** What each case comes to, and which of the vendor's paths it asks for; `origin` is the vendor. */
const cases: readonly {
  readonly what: string;
  readonly urls: (origin: string) => readonly string[];
  readonly outcome: string;
  readonly asked: readonly string[];
}[] = [
  {
    what: 'comes from where the manifest says',
    urls: (origin) => [`${origin}/layer`],
    outcome: 'complete',
    asked: ['/layer'],
  },
  {
    what: 'comes from the next place when the first has none, or what is wrong',
    urls: (origin) => [`${origin}/gone`, `${origin}/wrong`, `${origin}/layer`],
    outcome: 'complete',
    asked: ['/gone', '/wrong', '/layer'],
  },
  {
    what: 'must be what its digest says',
    urls: (origin) => [`${origin}/wrong`],
    outcome: 'data-loss digest',
    asked: ['/wrong'],
  },
  {
    what: 'is not fetched over a redirect to plain HTTP',
    urls: (origin) => [`${origin}/plain`],
    outcome: 'failed-precondition redirect',
    asked: ['/plain'],
  },
  {
    what: 'is not fetched in plain, from a file, or from nowhere',
    urls: (origin) => [origin.replace('https', 'http'), 'file:///etc/hostname', 'nonsense'],
    outcome: 'not-found',
    asked: [],
  },
];

const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
let outcomes: readonly string[] = [];

beforeAll(async () => {
  const before = await oracle.count();
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-foreign-'));
  const image = await busyboxImage({
    layers: [[file('vendor', 'only its vendor may serve it\n')]],
  });
  const base = image.layers[0] as Blob;
  const layer = image.layers[1] as Blob;
  const pem = await privateAuthority(folder);
  const [cert, key] = await Promise.all([readFile(pem.cert), readFile(pem.key)]);
  const vendor = https.createServer({ cert, key }, ({ url = '', headers }, response) => {
    asked.push({ url, authorization: headers.authorization });
    if (url.endsWith('/layer')) response.end(layer.bytes);
    else if (url.endsWith('/wrong')) response.end(Buffer.alloc(layer.size));
    else {
      const status = url.endsWith('/plain') ? 302 : 404;
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
    }
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  const { port } = vendor.address() as AddressInfo;
  const registry = await testRegistry();
  try {
    for (const { bytes } of [image.config, base]) registry.addBlob(bytes);
    registry.misbehave(({ headers }, response) => {
      if (headers.authorization !== undefined) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="box"' }).end();
      return true;
    });
    const names = cases.map(({ urls }, index) => {
      const foreign = { ...descriptor(layer), urls: urls(`https://127.0.0.1:${port}/${index}`) };
      const { mediaType } = image.manifest;
      const layers = [descriptor(base), foreign];
      const manifest = { schemaVersion: 2, mediaType, config: descriptor(image.config), layers };
      registry.addManifest('box', json(mediaType, manifest), `${index}`);
      return `${registry.host}/box:${index}`;
    });
    outcomes = await pullEach(names, pem.ca);
  } finally {
    await registry[Symbol.asyncDispose]();
    vendor.closeAllConnections();
    vendor.close();
    await rm(folder, { recursive: true });
  }
  await oracle.expectNothingLeft(before, 10_000);
}, 60_000);

/** In a process of its own, since trust in a vendor's certificate is a matter of the process. */
async function pullEach(names: readonly string[], ca: string): Promise<readonly string[]> {
  const program = `
    import { ctrd } from '@ctrd/core';
    import { images } from '@ctrd/images';
    const { address, namespace, names } = JSON.parse(process.argv.at(-1));
    const client = await ctrd({ address, namespace })
      .use(images({ registry: { hostsFolders: [], proxy: false, attempts: 1 } }))
      .connect();
    const credentials = { username: 'me', password: 'secret' };
    for (const name of names) {
      try {
        const { problem } = await client.pullImage(name, { credentials });
        console.log(problem === undefined ? 'complete' : problem.code);
        await client.removeImage(name, { sync: true });
      } catch ({ code, reason = '' }) {
        console.log(code, reason);
      }
    }
    await client.close();
  `;
  const options = JSON.stringify({ address: containerd.address, namespace, names });
  const node = ['--conditions=@ctrd/source', '--import', 'tsx', '--input-type=module', '--eval'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...node, program, '--', options],
    { cwd: join(import.meta.dirname, '..'), env: { ...process.env, NODE_EXTRA_CA_CERTS: ca } },
  );
  return stdout.split('\n').map((line) => line.trim());
}

describe('a layer that the registry does not have', () => {
  it.each(cases.map((one, index) => ({ ...one, index })))('$what', ({ index, outcome, ...one }) => {
    expect(outcomes[index]).toBe(outcome);
    const paths = asked.map(({ url }) => url).filter((url) => url.startsWith(`/${index}`));
    expect(paths).toEqual(one.asked.map((path) => `/${index}${path}`));
  });

  it('is asked for without the credentials of the registry', () => {
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });
});
