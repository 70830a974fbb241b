import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CtrdError } from '@ctrd/core';
import { type HostEntry, parseHostsToml } from './hosts-toml.js';
import { allCapabilities, type HostSource, type RegistryHost } from './registry-host.js';

/**
 * The hosts that folders in the form of containerd's `certs.d` say: `<folder>/<registry>/hosts.toml`,
 * or Docker's certificates (`*.crt`, `*.cert` with `*.key`) beside each other. A port stands as
 * `registry_5000_` or as it is; `_default` is for registries without a folder of their own.
 *
 * @param originOf - the registry itself, the last of the list unless the file has a `server`.
 */
export function hostsFromFolders(
  folders: readonly string[],
  originOf: (domain: string) => RegistryHost,
): HostSource {
  return async (domain) => {
    // The name comes from a reference; its grammar has neither slashes nor `..`.
    if (/[/\\\0]|\.\./.test(domain)) return undefined;
    for (const folder of folders) {
      for (const name of namesOf(domain)) {
        const hosts = await hostsOf(join(folder, name), originOf(domain));
        if (hosts !== undefined) return hosts;
      }
    }
    return undefined;
  };
}

function namesOf(domain: string): readonly string[] {
  const withoutColon = domain.replace(/:(\d+)$/, '_$1_');
  return [...new Set([withoutColon, domain]), '_default'];
}

async function hostsOf(
  folder: string,
  origin: RegistryHost,
): Promise<readonly RegistryHost[] | undefined> {
  const text = await textOf(join(folder, 'hosts.toml'), { optional: true });
  if (text === undefined) {
    const files = await filesOf(folder);
    return files === undefined ? undefined : [await withCertificates(origin, folder, files)];
  }
  const { mirrors, server } = parseHostsToml(text, folder);
  const hosts = await Promise.all(mirrors.map(hostOf));
  return [...hosts, server === undefined ? origin : await hostOf(server)];
}

async function hostOf(entry: HostEntry): Promise<RegistryHost> {
  const { base, capabilities, headers, skipVerify } = entry;
  const ca = await Promise.all(entry.ca.map((path) => textOf(path)));
  const client = await Promise.all(
    entry.client.map(async ({ cert, key }) => ({
      cert: await textOf(cert),
      key: await textOf(key),
    })),
  );
  return { base, capabilities, headers, tls: tlsOf({ ca, client, skipVerify }) };
}

/** Docker's form; certificates are a wish for TLS, also on this machine. */
async function withCertificates(
  origin: RegistryHost,
  folder: string,
  files: readonly string[],
): Promise<RegistryHost> {
  const read = (name: string) => textOf(join(folder, name));
  const ca = await Promise.all(files.filter((name) => name.endsWith('.crt')).map(read));
  const client = await Promise.all(
    files
      .filter((name) => name.endsWith('.cert'))
      .map(async (name) => ({
        cert: await read(name),
        key: await read(name.replace(/\.cert$/, '.key')),
      })),
  );
  const tls = tlsOf({ ca, client, skipVerify: false });
  if (tls === undefined) return origin;
  const base = new URL(origin.base.href.replace(/^http:/, 'https:'));
  return { base, capabilities: allCapabilities, tls };
}

function tlsOf(tls: Required<NonNullable<RegistryHost['tls']>>): RegistryHost['tls'] {
  const { ca, client, skipVerify } = tls;
  if (ca?.length === 0 && client?.length === 0 && !skipVerify) return undefined;
  return {
    skipVerify,
    ...(ca?.length === 0 ? {} : { ca }),
    ...(client?.length === 0 ? {} : { client }),
  };
}

async function filesOf(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(folder, error);
  }
}

async function textOf(path: string): Promise<string>;
async function textOf(path: string, options: { optional: true }): Promise<string | undefined>;
async function textOf(path: string, { optional = false } = {}): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (optional && isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(path: string, cause: unknown): CtrdError {
  return new CtrdError('a file that says how to reach a registry cannot be read', {
    ...{ code: 'failed-precondition', reason: 'hosts', subject: path, cause },
  });
}
