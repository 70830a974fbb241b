import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Entry, tar } from './entry.js';
import { busyboxEntries } from './rootfs.js';

/** What may differ from the plain image; names as in Dockerfiles. */
export interface ImageOptions {
  readonly entrypoint?: readonly string[];
  /** Default: `['sh']`. */
  readonly cmd?: readonly string[];
  /** Added to `PATH` and `IMAGE=busybox`. */
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly exposedPorts?: readonly string[];
  /** Added to busybox's own layer, which every image shares otherwise. */
  readonly base?: readonly Entry[];
  /** Layers on top of busybox's own, lowest first. */
  readonly layers?: readonly (readonly Entry[])[];
  /** How layers are kept in the OCI form. Default: `gzip`. */
  readonly compression?: 'gzip' | 'none';
  /** Default: this machine's. */
  readonly architecture?: string;
}

/** An OCI descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Content with its descriptor. */
export interface Blob extends Descriptor {
  readonly bytes: Uint8Array;
}

/** An image in memory. */
export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly LayerBlob[];
}

/** A layer, also as the plain tar that its `diffId` is the digest of. */
export interface LayerBlob extends Blob {
  readonly diffId: string;
  readonly tar: Uint8Array;
}

/** Makes the image; the same options give the same digests on the same machine. */
export async function busyboxImage(options: ImageOptions = {}): Promise<Image> {
  const base = [...(await busyboxEntries()), ...(options.base ?? [])];
  const contents = [base, ...(options.layers ?? [])];
  const compression = options.compression ?? 'gzip';
  const layers = await Promise.all(contents.map((entries) => layerBlob(entries, compression)));
  const config = json('application/vnd.oci.image.config.v1+json', configOf(options, layers));
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { manifest, config, layers };
}

/** The descriptor alone, as it stands in manifests and indexes. */
export function descriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/** A JSON document as a blob. */
export function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: sha256(bytes), size: bytes.length, bytes };
}

async function layerBlob(
  entries: readonly Entry[],
  compression: 'gzip' | 'none',
): Promise<LayerBlob> {
  const plain = await tar(entries);
  const mediaType = 'application/vnd.oci.image.layer.v1.tar';
  const stored =
    compression === 'none'
      ? blob(mediaType, plain)
      : blob(`${mediaType}+gzip`, await promisify(gzip)(plain));
  return { ...stored, diffId: sha256(plain), tar: plain };
}

function configOf(options: ImageOptions, layers: readonly LayerBlob[]): unknown {
  const keys = (names: readonly string[] = []) => Object.fromEntries(names.map((n) => [n, {}]));
  return {
    created: '1970-01-01T00:00:00Z',
    architecture: options.architecture ?? (process.arch === 'x64' ? 'amd64' : process.arch),
    os: 'linux',
    config: {
      ...(options.user === undefined ? {} : { User: options.user }),
      ...(options.exposedPorts === undefined ? {} : { ExposedPorts: keys(options.exposedPorts) }),
      Env: ['PATH=/bin', 'IMAGE=busybox', ...(options.env ?? [])],
      ...(options.entrypoint === undefined ? {} : { Entrypoint: options.entrypoint }),
      Cmd: options.cmd ?? ['sh'],
      ...(options.volumes === undefined ? {} : { Volumes: keys(options.volumes) }),
      ...(options.workingDir === undefined ? {} : { WorkingDir: options.workingDir }),
      ...(options.labels === undefined ? {} : { Labels: options.labels }),
      ...(options.stopSignal === undefined ? {} : { StopSignal: options.stopSignal }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'busybox-image' })),
  };
}

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
