import {
  bind,
  Caretakers,
  contribute,
  DefaultSnapshotter,
  definePlugin,
  ImageSource,
  invalidArgument,
  Leases,
  Owner,
  Report,
  type Resolver,
  Rpc,
} from '@ctrd/core';
import { createContentStore } from './content/content-store.js';
import { createKeyedLock } from './content/keyed-lock.js';
import { contentOperations } from './content-api/content-operations.js';
import { ingestCaretaker } from './content-api/ingest-caretaker.js';
import { createImageSource } from './image-source.js';
import { hostPlatform, parsePlatform } from './oci/platform.js';
import { imageOperations } from './operations.js';
import type { ImageParts } from './parts.js';
import { Puller } from './pull/puller.js';
import { createRegistryPuller } from './pull/registry-puller.js';
import { createTransferPuller } from './pull/transfer-puller.js';
import { createRegistries, Registries } from './registry/registries.js';
import { checkRegistryOptions, type RegistryOptions } from './registry/registry-options.js';
import { createFactReader } from './store/image-facts.js';
import { createImageStore } from './store/image-store.js';
import { anyImage, ImagePolicy } from './verify/image-policy.js';

/** Options of {@link images}. */
export interface ImagesOptions {
  /** `linux/arm64`: the platform of calls that name none. Default: this machine's. */
  readonly platform?: string | undefined;
  /**
   * Decides which images may be pulled and imported. Default: all of them. A host may provide the
   * token {@link ImagePolicy} as well.
   */
  readonly policy?: ImagePolicy | undefined;
  /**
   * Who pulls: this process (`registry`), or the daemon by its transfer service (`transfer`), as far
   * as it can: what it cannot, and a daemon without the service, is left to this process. Default:
   * `registry`. A host may also provide a {@link Puller} of its own.
   */
  readonly puller?: 'registry' | 'transfer' | undefined;
  /** How registries are reached. A host may also provide {@link Registries} of its own. */
  readonly registry?: RegistryOptions | undefined;
}

/**
 * Adds images to a client: the methods of {@link ImageAPIClient} and {@link ContentAPIClient}. Throws `invalid-argument` for
 * options that cannot be.
 */
export function images(options: ImagesOptions = {}) {
  const platform =
    options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const registry = checkRegistryOptions(options.registry ?? {});
  const { puller = 'registry' } = options;
  if (puller !== 'registry' && puller !== 'transfer') {
    throw invalidArgument('puller', 'be registry or transfer', puller);
  }
  // One set a client, whoever asks for it first: its locks are what makes calls share their work.
  const made = new WeakMap<Rpc, ImageParts>();
  const partsOf = (resolver: Resolver): ImageParts => {
    const rpc = resolver.get(Rpc);
    const known = made.get(rpc);
    if (known !== undefined) return known;
    const content = createContentStore(rpc);
    const parts: ImageParts = {
      rpc,
      leases: resolver.get(Leases),
      owner: resolver.get(Owner),
      defaultSnapshotter: resolver.get(DefaultSnapshotter),
      report: resolver.get(Report),
      registries: resolver.get(Registries),
      content,
      images: createImageStore(rpc),
      facts: createFactReader(content),
      locks: createKeyedLock(),
      policy: resolver.get(ImagePolicy),
      platform,
    };
    made.set(rpc, parts);
    return parts;
  };
  return definePlugin({
    name: 'images',
    requires: [Rpc, Leases, Owner, DefaultSnapshotter, Report],
    provides: [
      bind(ImageSource, (resolver) => createImageSource(() => partsOf(resolver))),
      bind(ImagePolicy, () => options.policy ?? anyImage),
      bind(Registries, () => createRegistries(registry)),
      bind(Puller, (resolver) => pullerOf(partsOf(resolver), options)),
    ],
    contributes: [
      contribute(Caretakers, (resolver) =>
        ingestCaretaker({
          content: partsOf(resolver).content,
          leases: resolver.get(Leases),
          owner: resolver.get(Owner),
        }),
      ),
    ],
    setup(context) {
      const parts = partsOf(context);
      const ofImages = imageOperations(parts, context.get(Puller));
      return { operations: { ...ofImages, ...contentOperations(parts.content) } };
    },
  });
}

function pullerOf(parts: ImageParts, { puller }: ImagesOptions): Puller {
  const registry = createRegistryPuller(parts);
  return puller === 'transfer' ? createTransferPuller(parts, registry) : registry;
}
