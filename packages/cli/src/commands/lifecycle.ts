import { rm as removeFile } from 'node:fs/promises';
import { CtrdError, hasCode } from '@ctrd/client';
import type { Run } from '../context.js';
import { explain } from '../failure.js';
import { logLabel } from '../log-file.js';

export const rm: Run<{ force?: true; time: number }> = (ids, { force = false, time }, context) =>
  forEach(ids, async (id) => {
    const { client, signal } = context;
    try {
      const { pid, labels } = await client.getContainer(id, { signal });
      if (pid !== 0 && !force) {
        throw new CtrdError('it is running; stop it first, or use --force', {
          code: 'failed-precondition',
          reason: 'state',
          subject: id,
        });
      }
      await client.destroyContainer(id, { graceMs: time * 1000, signal });
      const log = labels[logLabel];
      if (log !== undefined) await removeFile(log, { force: true });
    } catch (error) {
      if (!force || !hasCode(error, 'not-found')) throw error;
    }
  });

export const stop: Run<{ time: number }> = (ids, { time }, context) =>
  forEach(ids, (id) =>
    context.client.stopContainer(id, { graceMs: time * 1000, signal: context.signal }),
  );

export const kill: Run<{ signal: string }> = (ids, options, context) =>
  forEach(ids, (id) =>
    context.client.killContainer(id, { kill: options.signal, signal: context.signal }),
  );

export const pause: Run = (ids, _options, context) =>
  forEach(ids, (id) => context.client.pauseContainer(id, { signal: context.signal }));

export const unpause: Run = (ids, _options, context) =>
  forEach(ids, (id) => context.client.unpauseContainer(id, { signal: context.signal }));

export const update: Run<{ memory?: number; cpus?: number; pidsLimit?: number }> = (
  ids,
  { memory, cpus, pidsLimit },
  context,
) =>
  forEach(ids, (id) =>
    context.client.updateResources(id, {
      limits: { memory, cpus, pids: pidsLimit },
      signal: context.signal,
    }),
  );

export const wait: Run = async (ids, _options, { client, signal }) => {
  for (const id of ids) {
    const { exitCode } = await client.waitContainer(id, { signal });
    process.stdout.write(`${exitCode}\n`);
  }
};

/** Does something to each container and prints its id; one that fails does not stop the others. */
async function forEach(
  ids: readonly string[],
  run: (id: string) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    ids.map(async (id) => {
      try {
        await run(id);
        process.stdout.write(`${id}\n`);
      } catch (error) {
        failures.push(error);
      }
    }),
  );
  const [first, ...more] = failures;
  for (const failure of more) process.stderr.write(`ctrd: ${explain(failure)}\n`);
  if (first !== undefined) throw first;
}
