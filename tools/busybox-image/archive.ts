import { dir, file, tar } from './entry.js';
import { type Blob, descriptor, type Image, json } from './image.js';

/**
 * The image as an OCI layout in a tar, as `ctr images import` and skopeo's `oci-archive:` read it.
 *
 * @param name - the full reference it is imported under, `docker.io/library/busybox:e2e`.
 */
export function ociArchive(image: Image, name: string): Promise<Uint8Array> {
  const tag = name.slice(name.lastIndexOf(':') + 1);
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': tag,
  };
  const index = json('application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor(image.manifest), annotations }],
  });
  const blobs: Blob[] = [image.manifest, image.config, ...image.layers];
  return tar([
    file('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    file('index.json', index.bytes),
    dir('blobs'),
    dir('blobs/sha256'),
    ...blobs.map(({ digest, bytes }) => file(`blobs/${digest.replace(':', '/')}`, bytes)),
  ]);
}

/** Images of several platforms under one index, as {@link ociArchive} writes one. */
export function ociIndexArchive(
  images: readonly { readonly image: Image; readonly platform: object }[],
  name: string,
): Promise<Uint8Array> {
  const index = platformIndex(images);
  const top = json('application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    manifests: [{ ...descriptor(index), annotations: { 'io.containerd.image.name': name } }],
  });
  const blobs = images.flatMap(({ image }) => [image.manifest, image.config, ...image.layers]);
  const unique = new Map([index, ...blobs].map((blob) => [blob.digest, blob.bytes]));
  return tar([
    file('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    file('index.json', top.bytes),
    ...[...unique].map(([digest, bytes]) => file(`blobs/${digest.replace(':', '/')}`, bytes)),
  ]);
}

/** The index of images of several platforms. */
function platformIndex(
  images: readonly { readonly image: Image; readonly platform: object }[],
): Blob {
  return json('application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: images.map(({ image, platform }) => ({ ...descriptor(image.manifest), platform })),
  });
}

/** The image as `docker save` writes it: layers as plain tars, and a `manifest.json`. */
export function dockerArchive(image: Image, name: string): Promise<Uint8Array> {
  const hex = (digest: string) => digest.slice('sha256:'.length);
  const config = `${hex(image.config.digest)}.json`;
  const layers = image.layers.map(({ diffId, tar }) => ({ path: `${hex(diffId)}.tar`, tar }));
  const manifest = [{ Config: config, RepoTags: [name], Layers: layers.map(({ path }) => path) }];
  return tar([
    file(config, image.config.bytes),
    ...layers.map((layer) => file(layer.path, layer.tar)),
    file('manifest.json', JSON.stringify(manifest)),
  ]);
}
