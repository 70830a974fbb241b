import { CtrdError } from '@ctrd/core';
import { asObject, type Descriptor, malformed, parseDescriptor, stringMap } from './descriptor.js';
import { isIndexType, isManifestType } from './media-types.js';

/** Limits of what a registry or an archive may say of an image. */
export const limits = {
  /** Bytes of a manifest, index or config. */
  documentBytes: 4 << 20,
  layers: 500,
  /** Manifests of an index. */
  children: 1000,
  /** Indexes in indexes. */
  depth: 8,
} as const;

/** One platform's image: its config and layers. */
export interface Manifest {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Several manifests, usually one a platform. */
export interface Index {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Reads a manifest or index. `mediaType` is what the descriptor says it is; a document that says
 * otherwise, or is both at once, is refused (CVE-2021-41190).
 *
 * Throws `data-loss` when it is malformed, `too-large` beyond the {@link limits}, and
 * `unimplemented` for Docker's schema 1.
 */
export function parseDocument(bytes: Uint8Array, mediaType: string): Manifest | Index {
  const document = asObject(parseJson(bytes, 'the manifest'), 'the manifest');
  if (document['fsLayers'] !== undefined || document['schemaVersion'] === 1) {
    throw new CtrdError('images of Docker schema 1 are not supported', { code: 'unimplemented' });
  }
  const said = document['mediaType'];
  if (typeof said === 'string' && said !== '' && said !== mediaType) {
    throw malformed('the manifest', `says that it is a ${said.slice(0, 255)}, not a ${mediaType}`);
  }
  if (isIndexType(mediaType)) return parseIndex(document);
  if (isManifestType(mediaType)) return parseManifest(document);
  throw malformed('the manifest', `has an unknown type: ${mediaType.slice(0, 255)}`);
}

function parseManifest(document: Record<string, unknown>): Manifest {
  if (document['manifests'] !== undefined) throw malformed('the manifest', 'is an index as well');
  const layers = document['layers'] ?? [];
  if (!Array.isArray(layers)) throw malformed('the manifest', 'has no list of layers');
  if (layers.length > limits.layers) throw tooMany('layers', limits.layers);
  return {
    kind: 'manifest',
    config: parseDescriptor(document['config'], 'config'),
    layers: layers.map((layer, index) => parseDescriptor(layer, `layers[${index}]`)),
    annotations: stringMap(document['annotations'], 'annotations'),
  };
}

function parseIndex(document: Record<string, unknown>): Index {
  if (document['layers'] !== undefined || document['config'] !== undefined) {
    throw malformed('the index', 'is a manifest as well');
  }
  const manifests = document['manifests'] ?? [];
  if (!Array.isArray(manifests)) throw malformed('the index', 'has no list of manifests');
  if (manifests.length > limits.children) throw tooMany('manifests', limits.children);
  return {
    kind: 'index',
    manifests: manifests.map((child, index) => parseDescriptor(child, `manifests[${index}]`)),
    annotations: stringMap(document['annotations'], 'annotations'),
  };
}

/** JSON of limited size. Throws `too-large` and `data-loss`. */
export function parseJson(
  bytes: Uint8Array,
  what: string,
  maxBytes: number = limits.documentBytes,
): unknown {
  if (bytes.byteLength > maxBytes) {
    throw new CtrdError(`${what} has more than ${maxBytes} bytes`, {
      code: 'too-large',
    });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CtrdError(`${what} is not JSON`, { code: 'data-loss', reason: 'malformed', cause });
  }
}

function tooMany(what: string, limit: number): CtrdError {
  return new CtrdError(`there are more than ${limit} ${what}`, { code: 'too-large' });
}
