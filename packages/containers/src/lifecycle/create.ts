import { CtrdError, createRollback, hasCode, type Running, throwIfAborted } from '@ctrd/core';
import type { ContainerOptions } from '../container-options.js';
import { beforeCreate, exited } from '../exits/moments.js';
import { createProcessIo, type ProcessIo } from '../io/process-io.js';
import type { RuntimeSpec } from '../spec/index.js';
import { withOutOfMemory } from '../stats/out-of-memory.js';
import { buildSpec } from './build-spec.js';
import { exitLabels, labelledExit } from './labels.js';
import { beginJournal, type LiveProcess, watchProcess } from './live-process.js';
import { makeRecord } from './make-record.js';
import { makeTask } from './make-task.js';
import type { ContainerParts } from './parts.js';
import { findRecord, labelRecord } from './records.js';
import type { LiveContainer } from './registry.js';
import { restartLabels, startedLabels } from './restart.js';
import { checkMonitor } from './restart-monitor.js';
import { makeRoot, type Root } from './root.js';
import { runtimeOf } from './runtime.js';
import { startProcess } from './start.js';
import { deleteTask } from './tasks.js';
import { endUnrecorded } from './unrecorded.js';
import { checkContainerOptions, isTty } from './validate.js';

/** Makes a container, step by step; what was made is unmade in reverse when a step fails. */
export async function createContainer(
  parts: ContainerParts,
  options: Running<ContainerOptions>,
): Promise<LiveContainer> {
  const { id, signal } = options;
  const stdio = checkContainerOptions(options);
  await checkMonitor(parts.rpc, options.restart, signal);
  using _turn = await parts.locks.lock(id, signal);
  await using rollback = createRollback(parts.report);
  // It holds an image's snapshot until the record names it.
  await using lease =
    options.image === undefined ? undefined : await parts.leases.create({ signal });

  const root = await unlessTaken(parts, options, () => makeRoot(parts, options, lease, rollback));
  const spec = await makeSpec(parts, options, root);
  await unlessTaken(parts, options, () =>
    makeRecord(parts, options, { root, spec, stdio }, rollback),
  );
  // The daemon forgets it while it makes the task; the end of this call waits for both.
  void lease?.[Symbol.asyncDispose]();
  const { runtimeDir, report, owner } = parts;
  const io = await createProcessIo(stdio, { tty: isTty(options.tty), runtimeDir, report, owner });
  rollback.add('pipes', () => io.remove());
  const { options: runtimeOptions } = runtimeOf(options.runtime, options.checkpoint);
  const task = { id, io, mounts: root.mounts, runtimeOptions, signal };
  const made = await makeTask(parts, task, rollback);

  // Before the start, so that the end of the shortest process is seen.
  const key = { containerId: id, execId: '' };
  rollback.add('journal', () => parts.journal.forget(key));
  await beginJournal(parts, key, io);
  const process = watchInit(parts, id, io, { held: true });
  rollback.add('watch', async () => process.abandon());
  // Of a checkpoint, the start makes the process.
  const pid = options.start === false ? made : await startProcess(parts, key, signal);
  const restart = restartLabels(options.restart);
  const watched = options.start === false ? {} : startedLabels(restart);
  await labelRecord(parts.rpc, id, { ...restart, ...watched }, signal);
  // The last steps were not interrupted; whoever gave up meanwhile must not find a container.
  throwIfAborted(signal);
  const container: LiveContainer = { id, pid, process, execs: new Map() };
  parts.registry.add(container);
  process.begun();
  rollback.commit();
  return container;
}

/**
 * A step that needs the id; that it is taken is told of the container that has it, whatever the step
 * ran into. What a dead one has left, such as a snapshot without a record, is told as it is.
 */
async function unlessTaken<T>(
  { rpc }: ContainerParts,
  { id, signal }: Running<ContainerOptions>,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!hasCode(error, 'already-exists')) throw error;
    const holder = await findRecord(rpc, id, signal).catch(() => undefined);
    if (holder === undefined) throw error;
    throw new CtrdError('a container of this id exists', {
      ...{ code: 'already-exists', subject: id, cause: error },
    });
  }
}

/** Watches a container's own process. `keepTask` leaves the stopped task as it is. */
export function watchInit(
  parts: ContainerParts,
  id: string,
  io: ProcessIo,
  options: { quiet?: boolean; held?: boolean; keepTask?: boolean } = {},
): LiveProcess {
  const key = { containerId: id, execId: '' };
  return watchProcess(parts, key, io, {
    moment: exited,
    quiet: options.quiet,
    held: options.held,
    async complete(exit, signal) {
      if (exit.lost === undefined) return await withOutOfMemory(parts.rpc, exit, signal);
      // Another client may have cleaned up, and has noted the exit first.
      const record = await findRecord(parts.patient, id, signal);
      return (record && labelledExit(record)) ?? exit;
    },
    async cleanUp(exit, signal) {
      // The exit may have come from elsewhere, while the daemon is away.
      const recorded = await labelRecord(parts.patient, id, exitLabels(exit), signal);
      if (options.keepTask === true) return;
      if (recorded) await deleteTask(parts.patient, key, signal);
      else await endUnrecorded(parts, id, signal);
    },
  });
}

async function makeSpec(
  parts: ContainerParts,
  container: Running<ContainerOptions>,
  { image, mounts }: Root,
): Promise<RuntimeSpec> {
  const { specDefaults, rpc } = parts;
  const { namespace } = rpc;
  const spec = await buildSpec({
    namespace,
    container,
    config: image?.config,
    mounts,
    specDefaults,
  });
  const { id, signal } = container;
  return (await parts.hooks.change(beforeCreate, { id, spec }, { signal })).spec;
}
