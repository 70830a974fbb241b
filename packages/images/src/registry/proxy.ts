import { BlockList, isIP } from 'node:net';
import { invalidArgument } from '@ctrd/core';

/** Which proxies to use. */
export interface ProxySettings {
  /** For plain HTTP: `http://proxy:3128`; credentials may stand before the host. */
  readonly http?: string | undefined;
  /** For HTTPS. */
  readonly https?: string | undefined;
  /** Whom to reach without, as in `NO_PROXY`. */
  readonly no?: string | undefined;
}

/** Picks the proxy for an address; `undefined` means none. */
export type ProxyChoice = (url: URL) => URL | undefined;

/** What `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, in capitals or not. */
export function proxyFromEnvironment(env: NodeJS.ProcessEnv = process.env): ProxySettings {
  const read = (name: string) => env[name] || env[name.toLowerCase()] || undefined;
  return {
    // In a CGI program the variable is the client's header `Proxy`.
    http: env['REQUEST_METHOD'] === undefined ? read('HTTP_PROXY') : undefined,
    https: read('HTTPS_PROXY'),
    no: read('NO_PROXY'),
  };
}

/**
 * The rules of Go's `httpproxy`, which the daemon follows as well: this machine is never reached
 * through a proxy; an entry of `no` is a host with all below it (`.example.com`: only those below),
 * an address or network, each with or without a port, or `*`.
 */
export function chooseProxy(settings: ProxySettings): ProxyChoice {
  const http = proxyUrl(settings.http, 'proxy.http');
  const https = proxyUrl(settings.https, 'proxy.https');
  const exceptions = (settings.no ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .map(exception);
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    const host = bare(url.hostname).toLowerCase().replace(/\.$/, '');
    if (proxy === undefined || isLoopback(host)) return undefined;
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return exceptions.some((matches) => matches(host, port)) ? undefined : proxy;
  };
}

/** Whether a host is this machine, by its name or address. */
export function isLoopback(hostname: string): boolean {
  const host = bare(hostname).toLowerCase();
  return host === 'localhost' || loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function proxyUrl(text: string | undefined, field: string): URL | undefined {
  if (text === undefined || text === '') return undefined;
  const result = tryUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (result === undefined || !/^https?:$/.test(result.protocol)) {
    throw invalidArgument(field, 'be the URL of an HTTP proxy');
  }
  return result;
}

function tryUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function exception(entry: string): (host: string, port: string) => boolean {
  if (entry === '*') return () => true;
  const [, network, bits] = /^(.+)\/(\d+)$/.exec(entry) ?? [];
  if (network !== undefined && isIP(network) !== 0) {
    const type = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    const list = new BlockList();
    if (Number(bits) > (type === 'ipv6' ? 128 : 32)) return () => false;
    list.addSubnet(network, Number(bits), type);
    return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  }
  const { name, port: only } = splitPort(entry);
  const samePort = (port: string) => only === undefined || only === port;
  if (isIP(name) !== 0) return (host, port) => host === name && samePort(port);
  const below = name.replace(/^\*?(?=\.)/, '');
  const suffix = below.startsWith('.') ? below : `.${below}`;
  return (host, port) =>
    samePort(port) && (host.endsWith(suffix) || (!below.startsWith('.') && host === below));
}

function splitPort(entry: string): { name: string; port: string | undefined } {
  if (isIP(entry) === 6) return { name: entry, port: undefined };
  const [, name = entry, port] = /^(.*):(\d+)$/.exec(entry) ?? [];
  return { name: bare(name), port };
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host;
}
