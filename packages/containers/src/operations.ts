import {
  type CallControl,
  type OperationsOf,
  onOptions,
  onSubject,
  type Running,
  sequenceOnSubject,
} from '@ctrd/core';
import type {
  Container,
  ContainerAPIClient,
  Process,
  RecoveredContainer,
} from './container-api.js';
import type {
  AttachOptions,
  CheckpointOptions,
  ContainerOptions,
  DestroyOptions,
  ExecOptions,
  KillOptions,
  LogsOptions,
  RecoverAllOptions,
  RunOptions,
  StartOptions,
  TerminalSize,
  UpdateContainerOptions,
  UpdateOptions,
} from './container-options.js';
import { containerHandle, processHandle } from './handles.js';
import { createCheckpoint } from './lifecycle/checkpoint.js';
import * as control from './lifecycle/control.js';
import { createContainer } from './lifecycle/create.js';
import { destroyContainer } from './lifecycle/destroy.js';
import { execInContainer } from './lifecycle/exec.js';
import { getContainer, listContainers } from './lifecycle/inspect.js';
import type { ContainerParts } from './lifecycle/parts.js';
import { recoverContainer } from './lifecycle/recover.js';
import { recoverAll } from './lifecycle/recover-all.js';
import { runInContainer } from './lifecycle/run.js';
import { startContainer } from './lifecycle/start-container.js';
import { stopContainer, waitForExit } from './lifecycle/stop.js';
import { checkId } from './lifecycle/validate.js';
import { containerLogs } from './logs/container-logs.js';
import { containerStats } from './stats/container-stats.js';

type Filtered = CallControl & { readonly filters?: readonly string[] | undefined };

/** Adds handlers, at once: members of the client, as they are. */
type Hooking = 'setExitHooks' | 'setExecExitHooks' | 'setEventsHooks';

/** The methods of `ContainerAPIClient`. `client` answers the client they are part of. */
export function containerOperations(
  parts: ContainerParts,
  client: () => ContainerAPIClient,
): OperationsOf<Omit<ContainerAPIClient, Hooking>> {
  const wait = (id: string, { signal }: Running<CallControl>) => {
    checkId(id);
    return waitForExit(parts, id, signal);
  };
  return {
    createContainer: onOptions(
      async (options: Running<ContainerOptions>): Promise<Container> =>
        containerHandle(await createContainer(parts, options), client()),
      ({ id }) => id,
    ),
    startContainer: onSubject(
      async (id, options: Running<StartOptions>): Promise<Container> =>
        containerHandle(await startContainer(parts, id, options), client()),
    ),
    destroyContainer: onSubject((id, options: Running<DestroyOptions>) =>
      destroyContainer(parts, id, options),
    ),
    stopContainer: onSubject(async (id, options: Running<DestroyOptions>) => {
      checkId(id);
      return await stopContainer(parts, id, options);
    }),
    killContainer: onSubject((id, options: Running<KillOptions>) =>
      control.killContainer(parts, id, options),
    ),
    waitContainer: onSubject(async (id, options: Running<CallControl>) => wait(id, options)),
    probeContainer: onSubject(async (id, options: Running<CallControl>) => wait(id, options)),
    containerPID: onSubject((id, options: Running<CallControl>) =>
      control.containerPID(parts, id, options),
    ),
    containerPIDs: onSubject((id, options: Running<CallControl>) =>
      control.containerPIDs(parts, id, options),
    ),
    execContainer: onSubject(
      async (id, options: Running<ExecOptions>): Promise<Process> =>
        processHandle(await execInContainer(parts, id, options), client()),
    ),
    runInContainer: onSubject((id, options: Running<RunOptions>) =>
      runInContainer(parts, id, options),
    ),
    pauseContainer: onSubject((id, options: Running<CallControl>) =>
      control.pauseContainer(parts, id, options),
    ),
    unpauseContainer: onSubject((id, options: Running<CallControl>) =>
      control.unpauseContainer(parts, id, options),
    ),
    resizeContainer: onSubject((id, options: Running<TerminalSize & CallControl>) =>
      control.resizeTerminal(parts, id, options),
    ),
    resizeExec: onSubject(
      (id, options: Running<TerminalSize & CallControl & { readonly execId: string }>) =>
        control.resizeTerminal(parts, id, options),
    ),
    updateResources: onSubject((id, options: Running<UpdateOptions>) =>
      control.updateResources(parts, id, options),
    ),
    createCheckpoint: onSubject((id, options: Running<CheckpointOptions>) =>
      createCheckpoint(parts, id, options),
    ),
    updateContainer: onSubject((id, options: Running<UpdateContainerOptions>) =>
      control.updateContainer(parts, id, options),
    ),
    containerStats: onSubject((id, options: Running<CallControl>) =>
      containerStats(parts, id, options),
    ),
    containerLogs: sequenceOnSubject((id, options: Running<LogsOptions>) =>
      containerLogs(parts, id, options),
    ),
    getContainer: onSubject((id, options: Running<CallControl>) =>
      getContainer(parts, id, options),
    ),
    listContainers: onOptions((options: Running<Filtered>) => listContainers(parts, options)),
    recoverContainer: onSubject(
      async (id, options: Running<AttachOptions>): Promise<Container> =>
        containerHandle(await recoverContainer(parts, id, options), client()),
    ),
    recoverAll: onOptions(
      async (options: Running<RecoverAllOptions>): Promise<readonly RecoveredContainer[]> =>
        (await recoverAll(parts, options)).map(({ container, ...result }) =>
          container === undefined
            ? result
            : { ...result, container: containerHandle(container, client()) },
        ),
    ),
  };
}
