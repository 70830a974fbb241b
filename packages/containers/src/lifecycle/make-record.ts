import { randomUUID } from 'node:crypto';
import { Containers } from '@ctrd/api/services/containers/v1';
import {
  ownerLabel,
  type ResolvedImage,
  type Rollback,
  type Running,
  uninterrupted,
} from '@ctrd/core';
import type { ContainerOptions } from '../container-options.js';
import type { Stdio } from '../io/stdio.js';
import type { RuntimeSpec } from '../spec/index.js';
import { extensionsOf } from './extensions.js';
import { imageLabels } from './image-labels.js';
import { labels } from './labels.js';
import type { ContainerParts } from './parts.js';
import { deleteRecord, findRecord } from './records.js';
import type { Root } from './root.js';
import { packedJson, runtimeOf } from './runtime.js';
import { stdioExtensions } from './stdio-extensions.js';

/** Makes a container's record. */
export async function makeRecord(
  parts: ContainerParts,
  options: Running<ContainerOptions>,
  { root, spec, stdio }: { root: Root; spec: RuntimeSpec; stdio: Stdio },
  rollback: Rollback,
): Promise<void> {
  const { id, signal } = options;
  const runtime = runtimeOf(options.runtime);
  const stopSignal = String(options.stopSignal ?? stopSignalOf(root.image));
  const creation = randomUUID();
  const container = {
    id,
    labels: {
      ...imageLabels(root.image?.config.labels ?? {}),
      ...options.labels,
      ...(stopSignal === '' ? {} : { [labels.stopSignal]: stopSignal }),
      ...(options.snapshot === undefined ? {} : { [labels.ownsSnapshot]: 'false' }),
      [labels.creation]: creation,
      [ownerLabel]: parts.owner.id,
    },
    image: root.image?.reference ?? '',
    runtime: {
      name: runtime.name,
      ...(runtime.options === undefined ? {} : { options: runtime.options }),
    },
    spec: packedJson('Spec', spec),
    extensions: extensionsOf({ ...options.extensions, ...stdioExtensions(stdio) }),
    snapshotter: root.snapshotter,
    snapshotKey: root.snapshotKey,
  };
  // Also when the call's fate is not known, but never the record of another call.
  rollback.add('record', async (limit) => {
    const found = await findRecord(parts.patient, id, limit);
    if (found?.labels[labels.creation] === creation) await deleteRecord(parts.patient, id, limit);
  });
  await uninterrupted(signal, (limit) =>
    parts.rpc.client(Containers).create({ container }, { signal: limit }),
  );
}

/** Like the Go client, which notes the default as well. */
function stopSignalOf(image: ResolvedImage | undefined): string {
  return image === undefined ? '' : image.config.stopSignal || 'SIGTERM';
}
