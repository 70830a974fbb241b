import type { OperationsOf } from '@ctrd/core';
import type { ImageAPIClient } from './image-api.js';
import { createDefaults } from './operations/defaults.js';
import { recordOperations } from './operations/records.js';
import { transferOperations } from './operations/transfers.js';
import type { ImageParts } from './parts.js';
import type { Puller } from './pull/puller.js';

/** The methods of `ImageAPIClient`. */
export function imageOperations(parts: ImageParts, puller: Puller): OperationsOf<ImageAPIClient> {
  const defaults = createDefaults(parts);
  return {
    ...recordOperations(parts, defaults),
    ...transferOperations(parts, puller, defaults),
  };
}
