import { fromBinary } from '@bufbuild/protobuf';
import { ProcessDetailsSchema } from '@ctrd/api/runc/options';
import { Containers } from '@ctrd/api/services/containers/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { type CallControl, CtrdError, invalidArgument, type Running } from '@ctrd/core';
import type { ContainerProcess } from '../container-api.js';
import type {
  KillOptions,
  TerminalSize,
  UpdateContainerOptions,
  UpdateOptions,
} from '../container-options.js';
import { mergedResources, resourcesOf, withResources } from '../spec/index.js';
import { terminalSize } from './build-spec.js';
import { checkExtensions, extensionsOf } from './extensions.js';
import { checkGivenLabels } from './labels.js';
import type { ContainerParts } from './parts.js';
import { getRecord, specOf } from './records.js';
import { packedJson } from './runtime.js';
import { signalNumber } from './signals.js';
import { findTask, onTask } from './tasks.js';
import { checkId } from './validate.js';

type Call<O = CallControl> = Running<O>;

export async function pauseContainer(
  { rpc, locks }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<void> {
  checkId(id);
  using _turn = await locks.lock(id, signal);
  const call = { containerId: id };
  await onTask(rpc, call, signal, () => rpc.client(Tasks).pause(call, { signal }));
}

export async function unpauseContainer(
  { rpc, locks }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<void> {
  checkId(id);
  using _turn = await locks.lock(id, signal);
  const call = { containerId: id };
  await onTask(rpc, call, signal, () => rpc.client(Tasks).resume(call, { signal }));
}

/** Throws `not-found` for a process that was started in the container and has ended. */
export async function killContainer(
  { rpc }: ContainerParts,
  id: string,
  { kill = 'SIGTERM', all = false, execId = '', signal }: Call<KillOptions>,
): Promise<void> {
  checkId(id);
  if (execId !== '') checkId(execId, 'execId');
  const call = { containerId: id, execId, signal: signalNumber(kill), all };
  await onTask(rpc, call, signal, () => rpc.client(Tasks).kill(call, { signal }));
}

/** Throws `failed-precondition` with reason `no-terminal` for a process without one. */
export async function resizeTerminal(
  { rpc }: ContainerParts,
  id: string,
  { execId = '', width, height, signal }: Call<TerminalSize & { readonly execId?: string }>,
): Promise<void> {
  checkId(id);
  if (execId !== '') checkId(execId, 'execId');
  const key = { containerId: id, execId };
  const size = terminalSize({ width, height });
  await onTask(rpc, key, signal, async (init) => {
    const process = execId === '' ? init : await findTask(rpc, key, signal);
    // The daemon would take the size and do nothing.
    if (process?.terminal === false) {
      throw new CtrdError('it has no terminal', {
        code: 'failed-precondition',
        reason: 'no-terminal',
      });
    }
    await rpc.client(Tasks).resizePty({ ...key, ...size }, { signal });
  });
}

export async function containerPID(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<number> {
  checkId(id);
  return await onTask(rpc, { containerId: id }, signal, async ({ pid }) => pid);
}

export async function containerPIDs(
  { rpc }: ContainerParts,
  id: string,
  { signal }: Call,
): Promise<readonly ContainerProcess[]> {
  checkId(id);
  const call = { containerId: id };
  const { processes } = await onTask(rpc, call, signal, () =>
    rpc.client(Tasks).listPids(call, { signal }),
  );
  return processes.map(({ pid, info }) => ({
    pid,
    execId: info === undefined ? '' : fromBinary(ProcessDetailsSchema, info.value).execId,
  }));
}

/** Changes a running container's limits, and its record's, so that both say the same. */
export async function updateResources(
  { rpc, locks }: ContainerParts,
  id: string,
  { limits = {}, resources = {}, signal }: Call<UpdateOptions>,
): Promise<void> {
  checkId(id);
  const change = mergedResources(resourcesOf(limits), resources);
  if (Object.keys(change).length === 0) {
    throw invalidArgument('limits', 'change something; give limits or resources');
  }
  using _turn = await locks.lock(id, signal);
  const call = { containerId: id, resources: packedJson('LinuxResources', change) };
  await onTask(rpc, call, signal, () => rpc.client(Tasks).update(call, { signal }));
  const spec = specOf(await getRecord(rpc, id, signal));
  if (spec === undefined) return;
  await rpc.client(Containers).update(
    {
      container: { id, spec: packedJson('Spec', withResources(change)(spec)) },
      updateMask: { paths: ['spec'] },
    },
    { signal },
  );
}

/** Changes a container's record; what runs does not notice. */
export async function updateContainer(
  { rpc, locks }: ContainerParts,
  id: string,
  { labels = {}, extensions = {}, signal }: Call<UpdateContainerOptions>,
): Promise<void> {
  checkId(id);
  // To the daemon, an empty text says that a label shall go.
  const texts = Object.fromEntries(
    Object.entries(labels).map(([label, text]) => [label, text ?? '']),
  );
  checkGivenLabels(texts);
  checkExtensions(extensions);
  const paths = [
    ...Object.keys(texts).map((label) => `labels.${label}`),
    ...Object.keys(extensions).map((name) => `extensions.${name}`),
  ];
  if (paths.length === 0) {
    throw invalidArgument('labels', 'change something; give labels or extensions');
  }
  using _turn = await locks.lock(id, signal);
  const container = { id, labels: texts, extensions: extensionsOf(extensions) };
  await rpc.client(Containers).update({ container, updateMask: { paths } }, { signal });
}
