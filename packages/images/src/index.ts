export type { ArchiveSource } from './archive/archive-source.js';
export type { ImageDetails, ImageInfo } from './image.js';
export type {
  CreateImageReferenceOptions,
  ImageAPIClient,
  ImageCall,
  ImportImageOptions,
  ListImagesOptions,
  RemoveImageOptions,
  TagImageOptions,
  UnpackImageOptions,
} from './image-api.js';
export type { Descriptor } from './oci/descriptor.js';
export type { ImageHistory, OciImage } from './oci/image-config.js';
export type { Platform } from './oci/platform.js';
export { type ImagesOptions, images } from './plugin.js';
export {
  familiarReference,
  formatReference,
  type ImageReference,
  normalizeReference,
  parseReference,
} from './reference/reference.js';
export {
  type ImageEvidence,
  ImagePolicy,
  type ImageQuestion,
  type ImageVerdict,
} from './verify/image-policy.js';
