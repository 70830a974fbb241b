import type { ImageRunConfig } from '@ctrd/core';
import { asObject, malformed, stringMap, strings } from './descriptor.js';
import { isDigest } from './digest.js';
import { parseJson } from './manifest.js';
import type { Platform } from './platform.js';

/** One step of an image's making. */
export interface ImageHistory {
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly createdBy?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  /** Whether the step made no layer. */
  readonly emptyLayer: boolean;
}

/** An OCI image's config: how to run it, and what it is made of. */
export interface OciImage {
  readonly platform: Platform;
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly config: ImageRunConfig;
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIds: readonly string[];
  readonly history: readonly ImageHistory[];
}

/** Reads an image's config. Throws `data-loss` when it is malformed. */
export function parseImageConfig(bytes: Uint8Array): OciImage {
  const document = asObject(parseJson(bytes, 'the config'), 'the config');
  const text = (key: string) => optionalString(document, key);
  const rootfs = asObject(document['rootfs'] ?? {}, 'rootfs');
  const diffIds = strings(rootfs['diff_ids'], 'rootfs.diff_ids');
  if (!diffIds.every(isDigest)) throw malformed('rootfs.diff_ids', 'has what is no digest');
  const history = document['history'] ?? [];
  if (!Array.isArray(history)) throw malformed('history', 'is not a list');
  const variant = text('variant');
  return {
    platform: {
      os: text('os') ?? 'linux',
      architecture: text('architecture') ?? '',
      ...(variant === undefined ? {} : { variant }),
    },
    created: text('created'),
    author: text('author'),
    config: parseRunConfig(asObject(document['config'] ?? {}, 'config')),
    diffIds,
    history: history.map((step, index) => parseHistory(asObject(step, `history[${index}]`))),
  };
}

function parseRunConfig(config: Record<string, unknown>): ImageRunConfig {
  return {
    entrypoint: strings(config['Entrypoint'], 'config.Entrypoint'),
    cmd: strings(config['Cmd'], 'config.Cmd'),
    env: strings(config['Env'], 'config.Env'),
    workingDir: optionalString(config, 'WorkingDir') ?? '',
    user: optionalString(config, 'User') ?? '',
    stopSignal: optionalString(config, 'StopSignal') ?? '',
    labels: stringMap(config['Labels'], 'config.Labels'),
    volumes: Object.keys(asObject(config['Volumes'] ?? {}, 'config.Volumes')),
  };
}

function parseHistory(step: Record<string, unknown>): ImageHistory {
  return {
    created: optionalString(step, 'created'),
    createdBy: optionalString(step, 'created_by'),
    author: optionalString(step, 'author'),
    comment: optionalString(step, 'comment'),
    emptyLayer: step['empty_layer'] === true,
  };
}

function optionalString(object: Record<string, unknown>, key: string): string | undefined {
  const value = object[key] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw malformed(key, 'is not a string');
  return value === '' ? undefined : value;
}
