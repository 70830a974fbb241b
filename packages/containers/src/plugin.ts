import {
  Address,
  bind,
  type Caretaker,
  Caretakers,
  contribute,
  DefaultSnapshotter,
  definePlugin,
  type Handler,
  ImageSource,
  invalidArgument,
  Leases,
  type Moment,
  Owner,
  type PluginContext,
  Report,
  type Resolver,
  Rpc,
  RuntimeDir,
  SnapshotSource,
} from '@ctrd/core';
import { containerCaretaker } from './care/container-caretaker.js';
import { journalCaretaker } from './care/journal-caretaker.js';
import { pipeCaretaker } from './care/pipe-caretaker.js';
import { shimCaretaker } from './care/shim-caretaker.js';
import type { ContainerAPIClient, ContainerEventHook, ExitHook } from './container-api.js';
import { createEventHooks } from './exits/event-hooks.js';
import { createEventSource } from './exits/event-source.js';
import { createExitJournal, ExitJournal } from './exits/exit-journal.js';
import { ExitSource } from './exits/exit-source.js';
import { createExitWatcher, ExitWatcher } from './exits/exit-watcher.js';
import { containerEvent, execExited, exited } from './exits/moments.js';
import { createWaitSource } from './exits/wait-source.js';
import { createExecStarts } from './lifecycle/exec-starts.js';
import { createLocks } from './lifecycle/locks.js';
import type { ContainerParts } from './lifecycle/parts.js';
import { patientRpc } from './lifecycle/patient-rpc.js';
import { createRegistry } from './lifecycle/registry.js';
import { containerOperations } from './operations.js';
import { createShims, type Shims } from './shim/shims.js';
import type { SpecChange } from './spec/index.js';

/** Options of {@link containers}. */
export interface ContainersOptions {
  /** Told of every container's exit; see {@link exited}. */
  readonly onExit?: readonly ExitHook[] | undefined;
  /** Told of the exit of every process that `exec` started. */
  readonly onExecExit?: readonly ExitHook[] | undefined;
  /**
   * How the client learns of ends: by a Wait at the daemon for each process (`wait`), or by one
   * stream of the daemon's events for all of them (`events`), which takes less memory where very many
   * are watched. Default: `wait`. A host may also provide an {@link ExitSource} of its own.
   */
  readonly exits?: 'wait' | 'events' | undefined;
  /** Changes the default spec of every container, before its own options do. */
  readonly spec?: SpecChange | undefined;
}

/**
 * Adds containers to a client: the methods of {@link ContainerAPIClient}. Containers from an image
 * need `images()` and `snapshots()` as well; those on a given root file system need neither. Throws
 * `invalid-argument` for options that cannot be.
 */
export function containers(options: ContainersOptions = {}) {
  const { exits = 'wait' } = options;
  if (exits !== 'wait' && exits !== 'events') {
    throw invalidArgument('exits', 'be wait or events', exits);
  }
  // Of each client that is made with it: the caretakers share the parts with the operations.
  const made = new WeakMap<Rpc, ContainerParts>();
  const caretaker = (make: (parts: ContainerParts) => Caretaker) =>
    contribute(Caretakers, (resolver) => {
      const parts = made.get(resolver.get(Rpc));
      if (parts === undefined) throw new TypeError('a caretaker was asked for before the setup');
      return make(parts);
    });
  return definePlugin({
    name: 'containers',
    requires: [Rpc, Address, Leases, Owner, DefaultSnapshotter, RuntimeDir],
    uses: [ImageSource, SnapshotSource],
    provides: [
      bind(ExitJournal, journalOf),
      bind(ExitSource, (parts) =>
        exits === 'wait' ? createWaitSource(parts.get(Rpc)) : createEventSource(parts.get(Rpc)),
      ),
      bind(ExitWatcher, watcherOf),
    ],
    contributes: [
      caretaker(({ runtimeDir, owner }) => pipeCaretaker(runtimeDir, owner)),
      caretaker(shimCaretaker),
      caretaker(containerCaretaker),
      caretaker(journalCaretaker),
    ],
    setup(context) {
      const parts = partsOf(context, options);
      made.set(parts.rpc, parts);
      for (const hook of options.onExit ?? []) context.hooks.on(exited, hook);
      for (const hook of options.onExecExit ?? []) context.hooks.on(execExited, hook);
      const eventHooks = createEventHooks(context);
      return {
        operations: containerOperations(parts, () => context.client<ContainerAPIClient>()),
        members: {
          setExitHooks: (...hooks: readonly ExitHook[]) => addAll(context, exited, hooks),
          setExecExitHooks: (...hooks: readonly ExitHook[]) => addAll(context, execExited, hooks),
          setEventsHooks(...hooks: readonly ContainerEventHook[]) {
            const added = addAll(context, containerEvent, hooks);
            eventHooks.begin();
            return added;
          },
        },
        stop() {
          // The containers go on; another client, or the next life of this one, recovers them.
          for (const { process, execs } of parts.registry.all()) {
            for (const live of [...execs.values(), process]) live.abandon();
          }
        },
      };
    },
  });
}

function journalOf(parts: Resolver): ExitJournal {
  const place = () => ({
    runtimeDir: parts.get(RuntimeDir).path,
    address: parts.get(Address).path,
    namespace: parts.get(Rpc).namespace,
  });
  return createExitJournal(place, parts.get(Owner));
}

function shimsOf(parts: Resolver): Shims {
  return createShims(parts.get(Rpc).namespace, () => parts.get(Address).path);
}

function watcherOf(parts: Resolver): ExitWatcher {
  return createExitWatcher({
    source: parts.get(ExitSource),
    shims: shimsOf(parts),
    journal: parts.get(ExitJournal),
    report: parts.get(Report),
  });
}

function partsOf(context: PluginContext, options: ContainersOptions): ContainerParts {
  return {
    rpc: context.get(Rpc),
    patient: patientRpc(context.get(Rpc)),
    leases: context.get(Leases),
    owner: context.get(Owner),
    hooks: context.hooks,
    report: context.report,
    closing: context.closing,
    runtimeDir: context.get(RuntimeDir).path,
    defaultSnapshotter: context.get(DefaultSnapshotter),
    exits: context.get(ExitWatcher),
    journal: context.get(ExitJournal),
    shims: shimsOf(context),
    images: () => context.get(ImageSource),
    snapshots: () => context.get(SnapshotSource),
    locks: createLocks(),
    execStarts: createExecStarts(),
    registry: createRegistry(),
    specDefaults: options.spec ?? ((spec) => spec),
  };
}

function addAll<T>(
  { hooks }: PluginContext,
  moment: Moment<T>,
  handlers: readonly Handler<T>[],
): Disposable {
  const added = handlers.map((handler) => hooks.on(moment, handler));
  return {
    [Symbol.dispose]() {
      for (const handler of added) handler[Symbol.dispose]();
    },
  };
}
