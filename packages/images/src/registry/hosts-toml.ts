import { resolve } from 'node:path';
import { CtrdError } from '@ctrd/core';
import { parse } from 'smol-toml';
import { allCapabilities, type Capability } from './registry-host.js';

/** One host of a `hosts.toml`, whose certificates are still paths. */
export interface HostEntry {
  readonly base: URL;
  readonly capabilities: ReadonlySet<Capability>;
  readonly headers: Readonly<Record<string, string>>;
  readonly skipVerify: boolean;
  /** Absolute paths. */
  readonly ca: readonly string[];
  /** Absolute paths; one without a key has it in the same file. */
  readonly client: readonly { readonly cert: string; readonly key: string }[];
}

/** What a `hosts.toml` says. */
export interface HostsFile {
  /** In the order of the file. */
  readonly mirrors: readonly HostEntry[];
  /** The registry, when the file says where it is. */
  readonly server: HostEntry | undefined;
}

/**
 * Reads containerd's `hosts.toml` (docs/hosts.md). Paths are relative to its folder. What is not
 * known is ignored, as containerd does: newer keys must not break older readers.
 *
 * Throws `failed-precondition` (reason `hosts`) for what cannot be read.
 */
export function parseHostsToml(text: string, folder: string): HostsFile {
  const wrong = (why: string, cause?: unknown) =>
    new CtrdError(`hosts.toml ${why}`, {
      ...{ code: 'failed-precondition', reason: 'hosts', subject: folder, cause },
    });

  function entry(address: string, table: Table): HostEntry {
    const list = (name: string) => strings(table[name]) ?? fail(name, 'a string or a list of them');
    const flag = (name: string) => {
      const value = table[name] ?? false;
      return typeof value === 'boolean' ? value : fail(name, 'true or false');
    };
    const capabilities = list('capabilities').filter(isCapability);
    const header = table['header'] ?? {};
    if (!isTable(header)) fail('header', 'a table');
    return {
      base: baseOf(address, flag('override_path')) ?? fail(address, 'the URL of a registry'),
      capabilities: table['capabilities'] === undefined ? allCapabilities : new Set(capabilities),
      headers: Object.fromEntries(
        Object.entries(header as Table).map(([name, value]) => [
          name.toLowerCase(),
          headerValue(value) ?? fail(`header.${name}`, 'text without line breaks'),
        ]),
      ),
      skipVerify: flag('skip_verify'),
      ca: list('ca').map((path) => resolve(folder, path)),
      client: (clientPairs(table['client']) ?? fail('client', 'paths, or pairs of them')).map(
        ([cert, key]) => ({ cert: resolve(folder, cert), key: resolve(folder, key) }),
      ),
    };
  }

  function fail(name: string, rule: string): never {
    throw wrong(`is wrong: ${JSON.stringify(name.slice(0, 100))} must be ${rule}`);
  }

  let file: Table;
  try {
    file = parse(text);
  } catch (cause) {
    throw wrong('is not TOML', cause);
  }
  const hosts = file['host'] ?? {};
  if (!isTable(hosts)) fail('host', 'a table');
  const { server } = file;
  if (server !== undefined && typeof server !== 'string') fail('server', 'a URL');
  return {
    mirrors: Object.entries(hosts as Table).map(([address, table]) =>
      entry(address, isTable(table) ? table : fail(address, 'a table')),
    ),
    server: server === undefined || server === '' ? undefined : entry(server, file),
  };
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCapability(text: string): text is Capability {
  return allCapabilities.has(text as Capability);
}

/** A list, of one when it is a single string; empty when there is nothing. */
function strings(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : undefined;
}

function headerValue(value: unknown): string | undefined {
  const text = strings(value)?.join(', ');
  return text === undefined || /[^\t\x20-\x7e\x80-\xff]/.test(text) ? undefined : text;
}

/** `"both.pem"`, `["both.pem", …]` or `[["cert.pem", "key.pem"], …]`. */
function clientPairs(value: unknown): (readonly [string, string])[] | undefined {
  const items: readonly unknown[] = Array.isArray(value)
    ? value
    : value === undefined
      ? []
      : [value];
  const pairs: (readonly [string, string])[] = [];
  for (const item of items) {
    const [cert, key = cert, ...more] = strings(item) ?? [];
    if (cert === undefined || key === undefined || more.length > 0) return undefined;
    pairs.push([cert, key === '' ? cert : key]);
  }
  return pairs;
}

/** `/v2` is added where it is missing, unless the path is the whole path. */
function baseOf(address: string, overridePath: boolean): URL | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `https://${address}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    return undefined;
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = `${path}${overridePath || path.endsWith('/v2') ? '' : '/v2'}/`;
  url.search = '';
  url.hash = '';
  return url;
}
