import { CtrdError, hasCode } from '@ctrd/client/core';
import type { Run } from '../context.js';
import { forEach } from '../each.js';
import { findContainer, isRunning } from '../find-container.js';
import { stopTimeoutLabel } from '../options/run-options.js';
import { removerOf } from '../removal.js';
import { removeContainer } from '../remove-container.js';

const defaultStopSeconds = 10;

export const rm: Run<{ force?: true; time?: number }> = (
  references,
  { force = false, time },
  context,
) =>
  forEach(references, async (reference) => {
    try {
      const info = await findContainer(context, reference);
      if (isRunning(info) && !force) {
        throw new CtrdError('it is running; stop it first, or use --force', {
          code: 'failed-precondition',
          reason: 'state',
          subject: info.id,
        });
      }
      const graceMs = graceOf(info.labels, time);
      const { client, namespace, signal } = context;
      await removeContainer(client, info, namespace, { graceMs, signal });
    } catch (error) {
      if (!force || !hasCode(error, 'not-found')) throw error;
    }
    return reference;
  });

/** One that is removed at its end is gone when this says that it has ended: its name is free. */
export const stop: Run<{ time?: number; signal?: string }> = (
  references,
  { time, signal: stopSignal },
  context,
) =>
  forEach(references, async (reference) => {
    const info = await findContainer(context, reference);
    const how = { graceMs: graceOf(info.labels, time), stopSignal, signal: context.signal };
    const { client, namespace } = context;
    const stays = removerOf(info) === undefined || info.status === 'created';
    if (stays) await client.stopContainer(info.id, how);
    else await removeContainer(client, info, namespace, how);
    return reference;
  });

export const kill: Run<{ signal: string }> = (references, { signal: kill }, context) =>
  forEach(references, async (reference) => {
    const { id } = await findContainer(context, reference);
    await context.client.killContainer(id, { kill, signal: context.signal });
    return reference;
  });

export const pause: Run = (references, _options, context) =>
  forEach(references, async (reference) => {
    const { id } = await findContainer(context, reference);
    await context.client.pauseContainer(id, { signal: context.signal });
    return reference;
  });

export const unpause: Run = (references, _options, context) =>
  forEach(references, async (reference) => {
    const { id } = await findContainer(context, reference);
    await context.client.unpauseContainer(id, { signal: context.signal });
    return reference;
  });

interface UpdateFlags {
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly pidsLimit?: number;
}

export const update: Run<UpdateFlags> = async (references, flags, context) => {
  if (Object.keys(flags).length === 0) {
    throw new CtrdError('there is nothing to change; give a limit, such as --memory', {
      ...{ code: 'invalid-argument', field: 'options' },
    });
  }
  await forEach(references, async (reference) => {
    const { memory, memoryReservation, cpus, cpuShares, cpusetCpus, pidsLimit } = flags;
    const { id } = await findContainer(context, reference);
    await context.client.updateResources(id, {
      limits: { memory, memoryReservation, cpus, cpuShares, cpuset: cpusetCpus, pids: pidsLimit },
      signal: context.signal,
    });
    return reference;
  });
};

export const wait: Run = async (references, _options, context) => {
  for (const reference of references) {
    const { id } = await findContainer(context, reference);
    const { exitCode } = await context.client.waitContainer(id, { signal: context.signal });
    process.stdout.write(`${exitCode}\n`);
  }
};

/** Seconds from the option, from how the container was made, or the default. */
export function graceOf(
  labels: Readonly<Record<string, string>>,
  time: number | undefined,
): number {
  const own = labels[stopTimeoutLabel] ?? labels['nerdctl/stop-timeout'];
  const noted = own !== undefined && /^\d+$/.test(own) ? Number(own) : defaultStopSeconds;
  return (time ?? noted) * 1000;
}
