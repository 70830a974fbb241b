import { execFile } from 'node:child_process';
import { readFile, realpath, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { create } from '@bufbuild/protobuf';
import {
  ListNamespacesRequestSchema,
  type ListNamespacesResponse,
  Namespaces,
} from '@ctrd/api/services/namespaces/v1';
import {
  DeleteTaskRequestSchema,
  KillRequestSchema,
  ListTasksRequestSchema,
  type ListTasksResponse,
  Tasks,
  WaitRequestSchema,
} from '@ctrd/api/services/tasks/v1';
import type { Transport } from '@ctrd/core';
import { http2Connector } from '@ctrd/core/http2';
import type { Layout } from './layout.js';

const run = promisify(execFile);

/** Ends and deletes every task of every namespace, so that no shim outlives a temporary daemon. */
export async function endTasks(layout: Layout, signal: AbortSignal): Promise<void> {
  const connection = http2Connector().open(layout.socket);
  try {
    const { namespaces } = (await connection.unary({
      method: Namespaces.method.list,
      request: create(ListNamespacesRequestSchema),
      options: { signal },
    })) as ListNamespacesResponse;
    await Promise.all(namespaces.map(({ name }) => endTasksOf(connection, name, signal)));
  } finally {
    await connection.close();
  }
}

async function endTasksOf(
  transport: Transport,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, headers: { 'containerd-namespace': namespace } };
  const { tasks } = (await transport.unary({
    method: Tasks.method.list,
    request: create(ListTasksRequestSchema),
    options,
  })) as ListTasksResponse;
  await Promise.all(
    tasks.map(async ({ id: containerId }) => {
      const call = { containerId };
      // A task that ended meanwhile cannot be killed; the wait answers at once, the rest is the same.
      await transport
        .unary({
          method: Tasks.method.kill,
          request: create(KillRequestSchema, { ...call, signal: 9, all: true }),
          options,
        })
        .catch(() => {});
      await transport.unary({
        method: Tasks.method.wait,
        request: create(WaitRequestSchema, call),
        options,
      });
      await transport.unary({
        method: Tasks.method.delete,
        request: create(DeleteTaskRequestSchema, call),
        options,
      });
    }),
  );
}

/** Unmounts what is left under a temporary daemon's folder, and removes it. */
export async function removeFolder({ folder }: Layout): Promise<void> {
  // The kernel lists mounts by their real path.
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined) return;
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const mounted = table
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${real}/`));
  for (const path of mounted.reverse()) await run('umount', ['--lazy', path]);
  await rm(real, { recursive: true, force: true, maxRetries: 5 });
}
