import type { DefaultSnapshotter, Leases, Owner, Report, Rpc } from '@ctrd/core';
import type { ContentStore } from './content/content-store.js';
import type { KeyedLock } from './content/keyed-lock.js';
import type { Platform } from './oci/platform.js';
import type { Registries } from './registry/registries.js';
import type { FactReader } from './store/image-facts.js';
import type { ImageStore } from './store/image-store.js';
import type { ImagePolicy } from './verify/image-policy.js';

/** What every operation on images works with. */
export interface ImageParts {
  readonly rpc: Rpc;
  readonly leases: Leases;
  readonly owner: Owner;
  readonly defaultSnapshotter: DefaultSnapshotter;
  readonly report: Report;
  readonly registries: Registries;
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly facts: FactReader;
  readonly locks: KeyedLock;
  /** Is asked by {@link admitImage} before anything that comes in is unpacked. */
  readonly policy: ImagePolicy;
  /** The platform of calls that name none. */
  readonly platform: Platform;
}
