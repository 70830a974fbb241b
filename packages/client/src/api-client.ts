import type { ContainerAPIClient } from '@ctrd/containers';
import type { ClientBase, CoreApi } from '@ctrd/core';
import type { ContentAPIClient, ImageAPIClient } from '@ctrd/images';
import type { PoolAPIClient } from '@ctrd/pool';
import type { SnapshotAPIClient } from '@ctrd/snapshots';

/**
 * All that the client of `createClient()` can do, for whoever takes one as a parameter or writes a
 * class that stands in for it.
 */
export interface APIClient
  extends CoreApi,
    ContainerAPIClient,
    ImageAPIClient,
    ContentAPIClient,
    SnapshotAPIClient,
    ClientBase {
  /** The connections of the client. */
  readonly pool: PoolAPIClient;
}
