import type { Descriptor } from './descriptor.js';
import type { ImageHistory, OciImage } from './image-config.js';
import type { Manifest } from './manifest.js';
import { isLayerType } from './media-types.js';

/** One step of an image's making, with the layer it made. */
export interface ImageStep extends ImageHistory {
  readonly layer: Descriptor | undefined;
  /** The digest of the layer without compression. */
  readonly diffId: string | undefined;
}

/**
 * An image's history, the oldest first, each step with its layer. Layers that the history says
 * nothing of come first: builders that add layers to others' images add history as well.
 */
export function layerHistory(manifest: Manifest, image: OciImage): readonly ImageStep[] {
  const layers = manifest.layers
    .filter(({ mediaType }) => isLayerType(mediaType))
    .map((layer, index) => ({ layer, diffId: image.diffIds[index] }));
  const steps = image.history.filter(({ emptyLayer }) => !emptyLayer).length;
  const untold = layers.splice(0, Math.max(0, layers.length - steps));
  const nothing = { layer: undefined, diffId: undefined };
  return [
    ...untold.map((made) => ({ ...made, emptyLayer: false })),
    ...image.history.map((step) => ({
      ...step,
      ...(step.emptyLayer ? nothing : (layers.shift() ?? nothing)),
    })),
  ];
}
