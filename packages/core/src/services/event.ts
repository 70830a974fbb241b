import type { Message } from '@bufbuild/protobuf';
import type { CallControl } from '../kernel/operation.js';

/** Something that happened on the daemon. */
export interface DaemonEvent {
  /** Such as `/tasks/exit`. */
  readonly topic: string;
  readonly namespace: string;
  readonly timestamp: Date;
  /** The payload's message: `containerd.events.TaskExit`. */
  readonly type: string;
  /**
   * The payload, decoded: `isMessage(payload, TaskExitSchema)` of protobuf-es, with the schemas of
   * `@ctrd/api/events`, makes it typed. Undefined for a message that is not known.
   */
  readonly payload: Message | undefined;
  /** The payload as it came. */
  readonly bytes: Uint8Array;
}

export interface EventsOptions extends CallControl {
  /**
   * containerd filters, of which one must match: `topic=="/tasks/exit"` (a value with a slash must
   * be quoted). Default: everything.
   */
  readonly filters?: readonly string[] | undefined;
  /** Events of every namespace, not only of the client's. Default: false. */
  readonly allNamespaces?: boolean | undefined;
}

export interface EventsAPIClient {
  /**
   * What happens from now on. containerd replays nothing: when the daemon restarts, this fails with
   * `unavailable`, and whoever goes on must look at the state anew. An event may come twice, and a
   * deletion before the exit that led to it. Leaving the loop ends it.
   *
   * Throws `invalid-argument` for a filter that the daemon does not understand.
   */
  events(options?: EventsOptions): AsyncIterable<DaemonEvent>;
}
