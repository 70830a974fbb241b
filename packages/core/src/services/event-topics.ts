import type {
  ContainerCreate,
  ContainerDelete,
  ContainerUpdate,
  ContentCreate,
  ContentDelete,
  NamespaceCreate,
  NamespaceDelete,
  NamespaceUpdate,
  SandboxCreate,
  SandboxExit,
  SandboxStart,
  SnapshotCommit,
  SnapshotPrepare,
  SnapshotRemove,
  TaskCheckpointed,
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '@ctrd/api/events';
import type { ImageCreate, ImageDelete, ImageUpdate } from '@ctrd/api/services/images/v1/events';

/** What each topic of containerd carries. */
export interface EventPayloads {
  '/containers/create': ContainerCreate;
  '/containers/update': ContainerUpdate;
  '/containers/delete': ContainerDelete;
  '/images/create': ImageCreate;
  '/images/update': ImageUpdate;
  '/images/delete': ImageDelete;
  '/namespaces/create': NamespaceCreate;
  '/namespaces/update': NamespaceUpdate;
  '/namespaces/delete': NamespaceDelete;
  '/snapshot/prepare': SnapshotPrepare;
  '/snapshot/commit': SnapshotCommit;
  '/snapshot/remove': SnapshotRemove;
  /** Since 2.1. */
  '/content/create': ContentCreate;
  '/content/delete': ContentDelete;
  '/tasks/create': TaskCreate;
  '/tasks/start': TaskStart;
  '/tasks/oom': TaskOOM;
  /** `id` is the container's own for its first process, else that of what was started in it. */
  '/tasks/exit': TaskExit;
  '/tasks/delete': TaskDelete;
  '/tasks/exec-added': TaskExecAdded;
  '/tasks/exec-started': TaskExecStarted;
  '/tasks/paused': TaskPaused;
  '/tasks/resumed': TaskResumed;
  '/tasks/checkpointed': TaskCheckpointed;
  /** Sandboxes: since 2.0. */
  '/sandboxes/create': SandboxCreate;
  '/sandboxes/start': SandboxStart;
  '/sandboxes/exit': SandboxExit;
}

/** A topic of containerd's own. */
export type EventTopic = keyof EventPayloads;

/** The messages that the topics carry; what carries another is not the event that it seems. */
const messages: { readonly [T in EventTopic]: EventPayloads[T]['$typeName'] } = {
  '/containers/create': 'containerd.events.ContainerCreate',
  '/containers/update': 'containerd.events.ContainerUpdate',
  '/containers/delete': 'containerd.events.ContainerDelete',
  '/images/create': 'containerd.services.images.v1.ImageCreate',
  '/images/update': 'containerd.services.images.v1.ImageUpdate',
  '/images/delete': 'containerd.services.images.v1.ImageDelete',
  '/namespaces/create': 'containerd.events.NamespaceCreate',
  '/namespaces/update': 'containerd.events.NamespaceUpdate',
  '/namespaces/delete': 'containerd.events.NamespaceDelete',
  '/snapshot/prepare': 'containerd.events.SnapshotPrepare',
  '/snapshot/commit': 'containerd.events.SnapshotCommit',
  '/snapshot/remove': 'containerd.events.SnapshotRemove',
  '/content/create': 'containerd.events.ContentCreate',
  '/content/delete': 'containerd.events.ContentDelete',
  '/tasks/create': 'containerd.events.TaskCreate',
  '/tasks/start': 'containerd.events.TaskStart',
  '/tasks/oom': 'containerd.events.TaskOOM',
  '/tasks/exit': 'containerd.events.TaskExit',
  '/tasks/delete': 'containerd.events.TaskDelete',
  '/tasks/exec-added': 'containerd.events.TaskExecAdded',
  '/tasks/exec-started': 'containerd.events.TaskExecStarted',
  '/tasks/paused': 'containerd.events.TaskPaused',
  '/tasks/resumed': 'containerd.events.TaskResumed',
  '/tasks/checkpointed': 'containerd.events.TaskCheckpointed',
  '/sandboxes/create': 'containerd.events.SandboxCreate',
  '/sandboxes/start': 'containerd.events.SandboxStart',
  '/sandboxes/exit': 'containerd.events.SandboxExit',
};

/** The topic, when it is containerd's and carries the message that it should. */
export function knownTopic(topic: string, type: string): EventTopic | undefined {
  if (!Object.hasOwn(messages, topic)) return undefined;
  const known = topic as EventTopic;
  return messages[known] === type ? known : undefined;
}
