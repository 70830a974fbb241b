import { mkdir } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { CheckpointOptionsSchema } from '@ctrd/api/runc/options';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { type Running, uninterrupted } from '@ctrd/core';
import type { CheckpointOptions } from '../container-options.js';
import type { ContainerParts } from './parts.js';
import { packed } from './runtime.js';
import { onTask } from './tasks.js';
import { checkId, checkPath } from './validate.js';

/** Has CRIU write the state of a container's processes into a folder. */
export async function createCheckpoint(
  { rpc, locks }: ContainerParts,
  id: string,
  { path, signal, ...wanted }: Running<CheckpointOptions>,
): Promise<void> {
  checkId(id);
  checkPath('path', path);
  const { exit = false, openTcp = false, externalUnixSockets = false, fileLocks = false } = wanted;
  const message = create(CheckpointOptionsSchema, {
    ...{ imagePath: path, exit, openTcp, externalUnixSockets, fileLocks },
  });
  const options = packed(
    CheckpointOptionsSchema.typeName,
    toBinary(CheckpointOptionsSchema, message),
  );
  using _turn = await locks.lock(id, signal);
  await onTask(rpc, { containerId: id }, signal, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
    // A process that is being written down must not be left frozen half-way.
    await uninterrupted(signal, (limit) =>
      rpc.client(Tasks).checkpoint({ containerId: id, options }, { signal: limit }),
    );
  });
}
