export type { ArchiveSource } from './archive/archive-source.js';

export type { ImageChanges } from './commit/image-changes.js';

export type { BlobInfo, Ingest } from './content/content-store.js';
export type { WrittenBlob } from './content/write-blob.js';
export type {
  ContentAPIClient,
  ContentSource,
  LabelContentOptions,
  ListContentOptions,
  ReadContentOptions,
  WriteContentOptions,
} from './content-api/content-api.js';

export type { ImageDetails, ImageInfo } from './image.js';
export type {
  CommitImageOptions,
  CreateImageReferenceOptions,
  ExportImageOptions,
  ImageAPIClient,
  ImageCall,
  ImageUsageOptions,
  ImportImageOptions,
  ListImagesOptions,
  PrunedImage,
  PruneImagesOptions,
  PushImageOptions,
  RemoveImageOptions,
  TagImageOptions,
  UnpackImageOptions,
} from './image-api.js';
export type { Descriptor } from './oci/descriptor.js';
export type { ImageHistory, OciImage } from './oci/image-config.js';
export type { ImageStep } from './oci/layer-history.js';
export type { Platform } from './oci/platform.js';
export { type ImagesOptions, images } from './plugin.js';
export { type Followed, followProgress, progressJson } from './pull/follow.js';
export type { BlobProgress, ProgressTracker } from './pull/progress.js';
export type { PullImageOptions, PullProgress, PullStatus } from './pull/pull-api.js';
export { Puller, type PullJob } from './pull/puller.js';
export type { PushedImage, PushProgress } from './push/push-progress.js';
export {
  familiarReference,
  formatReference,
  type ImageReference,
  normalizeReference,
  parseReference,
} from './reference/reference.js';
export { checkLogin } from './registry/check-login.js';
export {
  type CredentialSource,
  type Credentials,
  firstCredentials,
} from './registry/credentials.js';
export { dockerCredentials } from './registry/docker-config.js';
export {
  type Login,
  type LoginOptions,
  removeLogin,
  storeLogin,
} from './registry/docker-login.js';
export type {
  HostClient,
  RegistryAnswer,
  RegistryRequest,
} from './registry/host-client.js';
export type { HttpAnswer } from './registry/http-client.js';
export type { ProxySettings } from './registry/proxy.js';
export { Registries, type Registry } from './registry/registries.js';
export type {
  Capability,
  HostSource,
  RegistryHost,
  TlsSettings,
} from './registry/registry-host.js';
export type { RegistryOptions } from './registry/registry-options.js';
export type { ImageUsage, UsageShare } from './usage/image-usage.js';
export {
  type ImageEvidence,
  ImagePolicy,
  type ImageQuestion,
  type ImageVerdict,
} from './verify/image-policy.js';
