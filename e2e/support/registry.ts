import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Blob, Image } from '../../tools/busybox-image/index.js';

/** How a registry is set up. */
export interface DebianRegistryOptions {
  /** Where its images are, when several registries share them. Default: a folder of its own. */
  readonly storage?: string;
  /** Lines of its configuration that are added: `auth: …`. */
  readonly config?: string;
  /** PEM files for TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Debian's `docker-registry` on loopback. */
export interface DebianRegistry extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
  /** Where its images are. */
  readonly storage: string;
  /** Puts an image there, named `HOST/NAME`; needs a registry without TLS and authentication. */
  seed(name: string, image: Image): Promise<void>;
  /** Puts an index there, whose images are there already. */
  seedManifest(name: string, manifest: Blob): Promise<void>;
}

/** What `htpasswd -B` makes of the user `me` with the password `secret`. */
export const htpasswd = 'me:$2b$05$VJ7sudSJvcPxkheozWWg..c4b0YjxT2L.PB6h96yUiwE5cky2nmKe\n';

export async function debianRegistry(options: DebianRegistryOptions = {}): Promise<DebianRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-registry-'));
  const storage = options.storage ?? join(folder, 'images');
  await writeFile(join(folder, 'config.yml'), configOf(storage, options));
  const server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its traces would go to a collector that is not there.
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const stop = async () => {
    server.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const host = await addressOf(server.stderr, ended).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const base = `http://${host}/v2`;
  return {
    host,
    storage,
    async seed(name, { manifest, config, layers }) {
      const { repository } = split(name);
      for (const blob of [config, ...layers]) await putBlob(base, repository, blob);
      await putManifest(base, name, manifest);
    },
    seedManifest: (name, manifest) => putManifest(base, name, manifest),
    [Symbol.asyncDispose]: stop,
  };
}

function configOf(storage: string, { tls, config = '' }: DebianRegistryOptions): string {
  const certificates = tls ? `  tls: {certificate: ${tls.cert}, key: ${tls.key}}\n` : '';
  return `version: 0.1
log: {level: info, formatter: text}
storage: {filesystem: {rootdirectory: ${storage}}}
http:
  addr: 127.0.0.1:0
${certificates}${config}`;
}

/** Waits for the line that says where it listens. */
async function addressOf(log: NodeJS.ReadableStream, ended: Promise<void>): Promise<string> {
  const said: string[] = [];
  const lines = createInterface({ input: log });
  const found = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      said.push(line);
      const [, address] = /listening on (127\.0\.0\.1:\d+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const early = ended.then(() => {
    throw new Error(`docker-registry ended early:\n${said.join('\n')}`);
  });
  return await Promise.race([found, early]);
}

function split(name: string): { repository: string; tag: string } {
  const [repository = '', tag = 'latest'] = name.split(':');
  return { repository, tag };
}

async function putBlob(base: string, repository: string, { digest, bytes }: Blob): Promise<void> {
  const begun = await fetch(`${base}/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', base);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const done = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes), headers });
  if (done.status !== 201) throw new Error(`PUT of ${digest}: ${done.status}`);
}

async function putManifest(base: string, name: string, manifest: Blob): Promise<void> {
  const { repository, tag } = split(name);
  const { bytes, mediaType } = manifest;
  const headers = { 'content-type': mediaType };
  const place = `${base}/${repository}/manifests/${tag}`;
  const done = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes), headers });
  if (done.status !== 201) throw new Error(`PUT of ${name}: ${done.status} ${await done.text()}`);
}

/** A private authority and a certificate of it for `127.0.0.1`, as PEM files in a folder. */
export async function privateAuthority(
  folder: string,
): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }> {
  const file = (name: string) => join(folder, name);
  const [ca, caKey, cert, key] = ['ca.crt', 'ca.key', 'server.crt', 'server.key'].map(file) as [
    ...[string, string, string, string],
  ];
  const openssl = (...args: string[]) =>
    promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3', ...args],
    ]);
  await openssl('-keyout', caKey, '-out', ca, '-subj', '/CN=a private authority');
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const usage = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl(
    ...['-CA', ca, '-CAkey', caKey, '-keyout', key, '-out', cert, '-subj', '/CN=registry'],
    ...[...names, ...usage],
  );
  return { ca, cert, key };
}
