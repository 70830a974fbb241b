import { CtrdError } from '@ctrd/core';
import { isDigest } from './digest.js';
import type { Platform } from './platform.js';

/** What is said of a blob where it is referred to. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: Platform | undefined;
  /** Where else the blob may be fetched from. */
  readonly urls?: readonly string[] | undefined;
}

/** Reads a descriptor of a manifest or index. Throws `data-loss` when it is none. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size, annotations, platform, urls } = asObject(value, where);
  if (typeof mediaType !== 'string' || mediaType.length > 255) {
    throw malformed(where, 'has no media type');
  }
  if (!isDigest(digest)) throw malformed(where, 'has no digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(where, 'has no size');
  }
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations: stringMap(annotations, where) }),
    ...(platform === undefined ? {} : { platform: parsePlatformObject(platform, where) }),
    ...(urls === undefined ? {} : { urls: strings(urls, where) }),
  };
}

function parsePlatformObject(value: unknown, where: string): Platform {
  const object = asObject(value, `${where}.platform`);
  const text = (key: string): string => {
    const part = object[key] ?? '';
    if (typeof part !== 'string') throw malformed(`${where}.platform`, `has a wrong ${key}`);
    return part;
  };
  const variant = text('variant');
  const osVersion = text('os.version');
  return {
    os: text('os'),
    architecture: text('architecture'),
    ...(variant === '' ? {} : { variant }),
    ...(osVersion === '' ? {} : { osVersion }),
  };
}

export function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(where, 'is not an object');
  }
  return value as Record<string, unknown>;
}

/** A list of strings; `null`, which Go writes for an empty one, is empty. */
export function strings(value: unknown, where: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw malformed(where, 'is not a list of strings');
  }
  return value;
}

export function stringMap(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const object = asObject(value, where);
  if (!Object.values(object).every((item) => typeof item === 'string')) {
    throw malformed(where, 'is not a map of strings');
  }
  return object as Record<string, string>;
}

export function malformed(where: string, what: string): CtrdError {
  return new CtrdError(`${where} ${what}`, { code: 'data-loss', reason: 'malformed' });
}
