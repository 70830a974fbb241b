import { toCtrdError } from '@ctrd/core';
import { ofBytes } from '../content/write-blob.js';
import { type ImageInfo, imageInfo } from '../image.js';
import type { Descriptor } from '../oci/descriptor.js';
import { digestOf } from '../oci/digest.js';
import type { Platform } from '../oci/platform.js';
import type { ImageParts } from '../parts.js';
import { labelTree } from '../store/complete-tree.js';
import { incomplete } from '../store/image-facts.js';
import { publish } from '../store/publish.js';
import { unpackLayers } from '../unpack/unpack-layers.js';
import { admitImage } from '../verify/admit-image.js';
import { archiveEvidence } from './archive-evidence.js';
import { type ArchiveImage, archiveImages } from './archive-images.js';
import type { ArchiveSource } from './archive-source.js';
import { ingestArchive } from './ingest-archive.js';

export interface ImportJob {
  readonly source: ArchiveSource;
  readonly name: string | undefined;
  readonly platform: Platform;
  /** Where to unpack to; `undefined` unpacks nowhere. */
  readonly snapshotter: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onBytes: ((bytes: number) => void) | undefined;
}

/** Imports the images of an archive. The records come last: before them nobody sees anything. */
export async function importImages(
  parts: ImageParts,
  job: ImportJob,
): Promise<readonly ImageInfo[]> {
  const { content, facts, leases } = parts;
  const { source, name, platform, snapshotter, labels, signal } = job;
  await using lease = await leases.create({ signal });
  const place = { signal, lease: lease.id };
  const archive = await ingestArchive(content, source, { ...place, onBytes: job.onBytes });
  const images: { readonly names: readonly string[]; readonly target: Descriptor }[] = [];
  for (const image of archiveImages(archive, name)) {
    const target = await storedTarget(parts, image, place);
    for (const reference of image.names) {
      const evidence = archiveEvidence(content, archive, reference, place);
      await admitImage(parts.policy, { reference, target, origin: 'import', evidence, signal });
    }
    await labelTree(content, target, place);
    images.push({ names: image.names, target });
  }
  for (const { target, names } of images) {
    try {
      const { manifest, image } = await facts.read(target, platform, place);
      for (const { digest } of manifest.layers) await content.info(digest, place);
      if (snapshotter === undefined) continue;
      const { diffIds } = image;
      await unpackLayers(parts, { manifest, diffIds, snapshotter, ...place });
    } catch (error) {
      throw incomplete(names[0] ?? '', toCtrdError(error));
    }
  }
  const records = await publish(
    parts,
    images.flatMap(({ names, target }) => names.map((each) => ({ name: each, target, labels }))),
    signal,
  );
  return await Promise.all(
    records.map(async (record) =>
      imageInfo(record, await facts.read(record.target, platform, place)),
    ),
  );
}

async function storedTarget(
  { content }: ImageParts,
  { target }: ArchiveImage,
  place: { signal: AbortSignal; lease: string },
): Promise<Descriptor> {
  if ('digest' in target) return target;
  const { document, mediaType } = target;
  const digest = digestOf(document);
  const size = document.byteLength;
  const blob = { ref: `import-${digest}`, digest, size, source: ofBytes(document) };
  await content.write(blob, place);
  return { mediaType, digest, size };
}
