import type { CallControl } from '../kernel/operation.js';

/** Something that happened on the daemon. */
export interface DaemonEvent {
  /** Such as `/tasks/exit`. */
  readonly topic: string;
  readonly namespace: string;
  readonly timestamp: Date;
  /** The payload's message: `containerd.events.TaskExit`. */
  readonly type: string;
  /** The payload by field, as protobuf-es decodes it; `undefined` for a message we do not know. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
}

export interface EventsOptions extends CallControl {
  /**
   * containerd filters, of which one must match: `topic=="/tasks/exit"` (a value with a slash must
   * be quoted). Default: everything in the client's namespace.
   */
  readonly filters?: readonly string[] | undefined;
  /** Events of every namespace. Default: false. */
  readonly allNamespaces?: boolean | undefined;
}

export interface EventsAPIClient {
  /**
   * What happens from now on. containerd replays nothing: when the daemon restarts, this fails with
   * `unavailable`, and whoever goes on must look at the state anew. Leaving the loop ends it.
   */
  events(options?: EventsOptions): AsyncIterable<DaemonEvent>;
}
