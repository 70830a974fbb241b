import { CtrdError, type Running } from '@ctrd/core';
import type { ExecOptions } from '../container-options.js';
import {
  compose,
  type RuntimeSpec,
  resolveRootfsUser,
  type SpecProcess,
  withArgs,
  withCwd,
  withEnv,
  withTerminal,
  withUser,
} from '../spec/index.js';
import { terminalSize } from './build-spec.js';
import type { ContainerParts } from './parts.js';
import { getRecord, specOf } from './records.js';
import { onTask } from './tasks.js';

/** The container's own process with what the options change: the way a login into it would look. */
export async function execSpec(
  parts: ContainerParts,
  id: string,
  options: Running<ExecOptions>,
): Promise<SpecProcess> {
  const { signal } = options;
  const base = specOf(await getRecord(parts.rpc, id, signal));
  if (base === undefined) {
    throw new CtrdError('its record has no spec', {
      code: 'failed-precondition',
      reason: 'no-spec',
    });
  }
  const pid = await onTask(parts.rpc, { containerId: id }, signal, async (task) => task.pid);
  // In the files that the container has now.
  const user =
    options.user === undefined
      ? undefined
      : await resolveRootfsUser(options.user, [`/proc/${pid}/root`]);
  const tty = options.tty === undefined || options.tty === false ? undefined : options.tty;
  const { terminal: _terminal, consoleSize: _size, ...plain } = base.process;
  const changed = compose(
    withArgs(options.args),
    withEnv(options.env ?? []),
    ...(options.cwd === undefined ? [] : [withCwd(options.cwd)]),
    ...(user === undefined ? [] : [withUser(user)]),
    ...(tty === undefined ? [] : [withTerminal(terminalSize(tty))]),
  )({ ...base, process: plain } satisfies RuntimeSpec);
  return changed.process;
}
