import { type CallControl, mergeSignals } from '@ctrd/core';
import type { Container, ContainerAPIClient, Process } from './container-api.js';
import type { ExitMessage } from './exits/exit-message.js';
import type { LiveExec } from './lifecycle/exec.js';
import { exitOf } from './lifecycle/run.js';
import type { Started } from './lifecycle/start-container.js';

/**
 * The handle of a container: the client's methods with the id filled in, so that middleware, errors
 * and time limits are the same on both ways.
 */
export function containerHandle(live: Started, client: ContainerAPIClient): Container {
  const { id, pid, process } = live;
  const { stdin, stdout, stderr } = process.io;
  return {
    ...{ id, pid, stdin, stdout, stderr },
    start: (options) => client.startContainer(id, options),
    wait: (options) => client.waitContainer(id, options),
    exec: (options) => client.execContainer(id, options),
    run: (options) => client.runInContainer(id, options),
    pause: (options) => client.pauseContainer(id, options),
    unpause: (options) => client.unpauseContainer(id, options),
    kill: (options) => client.killContainer(id, options),
    stop: (options) => client.stopContainer(id, options),
    resize: (options) => client.resizeContainer(id, options),
    update: (options) => client.updateResources(id, options),
    checkpoint: (options) => client.createCheckpoint(id, options),
    stats: (options) => client.containerStats(id, options),
    info: (options) => client.getContainer(id, options),
    logs: (options) => client.containerLogs(id, options),
    detach: () => process.io.detach(),
    destroy: (options) => client.destroyContainer(id, options),
    async [Symbol.asyncDispose]() {
      await client.destroyContainer(id, { graceMs: 0 }).catch(ignoreGone);
    },
  };
}

/** The handle of a process that was started in a container. */
export function processHandle(live: LiveExec, client: ContainerAPIClient): Process {
  const { containerId, execId } = live.process.key;
  const { stdin, stdout, stderr } = live.process.io;
  return {
    ...{ containerId, execId, pid: live.pid, stdin, stdout, stderr },
    async wait(options: CallControl = {}): Promise<ExitMessage> {
      using merged = mergeSignals(options);
      return await exitOf(live, merged.signal);
    },
    kill: (options) => client.killContainer(containerId, { ...options, execId }),
    resize: (options) => client.resizeExec(containerId, { ...options, execId }),
  };
}

/** Somebody else was faster: what disposal is for has happened. */
function ignoreGone(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'not-found') throw error;
}
