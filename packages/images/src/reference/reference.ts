import { type CtrdError, invalidArgument } from '@ctrd/core';
import { isDigest } from '../oci/digest.js';
import {
  domainPattern,
  maxDomainLength,
  maxPathLength,
  pathPattern,
  tagPattern,
} from './grammar.js';

/** The parts of an image's name. */
export interface ImageReference {
  /** The registry's host, with its port when it has one: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** The repository in the registry: `library/alpine`. */
  readonly path: string;
  readonly tag?: string | undefined;
  /** `sha256:…`; what is meant when there is a tag as well. */
  readonly digest?: string | undefined;
}

/**
 * Reads a reference in its long or short form: `alpine` is `docker.io/library/alpine`. No tag is
 * added. Throws `invalid-argument` with the field `reference`.
 */
export function parseReference(text: string): ImageReference {
  if (typeof text !== 'string' || text === '') throw bad('not be empty', text);
  const { rest, digest } = splitDigest(text);
  const { domain, path: pathAndTag } = splitDomain(rest);
  const colon = pathAndTag.indexOf(':');
  const path = colon === -1 ? pathAndTag : pathAndTag.slice(0, colon);
  const tag = colon === -1 ? undefined : pathAndTag.slice(colon + 1);
  if (domain.length > maxDomainLength || !domainPattern.test(domain)) {
    throw bad('begin with the host of a registry, which this is not', text);
  }
  if (path.length > maxPathLength) {
    throw bad(`have a repository of at most ${maxPathLength} characters`, text);
  }
  if (!path.split('/').every((part) => pathPattern.test(part))) {
    throw bad('name a repository in lower-case letters, digits and single separators', text);
  }
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw bad('have a tag of 1 to 128 letters, digits, _ . and -', text);
  }
  if (domain === 'docker.io' && /^library\/[a-f0-9]{64}$/.test(path)) {
    throw bad('not be a bare image id: those are ambiguous', text);
  }
  return { domain, path, tag, digest };
}

/** The long form: `docker.io/library/alpine:3`. */
export function formatReference({ domain, path, tag, digest }: ImageReference): string {
  const withTag = tag === undefined ? `${domain}/${path}` : `${domain}/${path}:${tag}`;
  return digest === undefined ? withTag : `${withTag}@${digest}`;
}

/**
 * The long form with what is left out added: the tag `latest` when there is neither tag nor digest.
 * A tag beside a digest is dropped. This is how image records are named.
 */
export function normalizeReference(text: string): string {
  return formatReference(completeReference(parseReference(text)));
}

export function completeReference(reference: ImageReference): ImageReference {
  const { domain, path, tag, digest } = reference;
  return digest === undefined ? { domain, path, tag: tag ?? 'latest' } : { domain, path, digest };
}

/** The form that people write: `alpine:3` for `docker.io/library/alpine:3`. */
export function familiarReference(text: string): string {
  const { domain, path, tag, digest } = parseReference(text);
  const suffix = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  if (domain !== 'docker.io') return `${domain}/${path}${suffix}`;
  const short = path.startsWith('library/') ? path.slice('library/'.length) : path;
  // Where the short form would be read as something else, the long one stays.
  const familiar = `${short}${suffix}`;
  return readsAs(familiar, { domain, path }) ? familiar : `${domain}/${path}${suffix}`;
}

function readsAs(text: string, { domain, path }: ImageReference): boolean {
  const split = splitDomain(splitDigest(text).rest);
  return split.domain === domain && split.path.split(':')[0] === path;
}

function splitDigest(text: string): { rest: string; digest: string | undefined } {
  const at = text.indexOf('@');
  if (at === -1) return { rest: text, digest: undefined };
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) throw bad('have a digest of sha256 or sha512 after the @', text);
  return { rest: text.slice(0, at), digest };
}

/** What stands before the first slash is a host if it looks like one; otherwise it is Docker Hub's. */
function splitDomain(text: string): { domain: string; path: string } {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const given = isHost ? first : 'docker.io';
  const rest = isHost ? text.slice(slash + 1) : text;
  const domain = given === 'index.docker.io' ? 'docker.io' : given;
  const path = domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  return { domain, path };
}

function bad(rule: string, value: unknown): CtrdError {
  return invalidArgument('reference', rule, value);
}
