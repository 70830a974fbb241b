import type { Message } from '@bufbuild/protobuf';
import type { CtrdError } from '../errors/index.js';
import type { CallControl } from '../kernel/operation.js';
import type { EventPayloads, EventTopic } from './event-topics.js';

/** What all events have. */
interface EventFacts {
  /** Such as `/tasks/exit`. */
  readonly topic: string;
  readonly namespace: string;
  readonly timestamp: Date;
  /** The payload's message: `containerd.events.TaskExit`. */
  readonly type: string;
  /** The payload as it came. */
  readonly bytes: Uint8Array;
}

/** An event of containerd's own: `kind` is its topic, and tells what the payload is. */
export type KnownEvent = {
  [T in EventTopic]: EventFacts & {
    readonly kind: T;
    readonly topic: T;
    readonly payload: EventPayloads[T];
  };
}[EventTopic];

/** An event of a topic that only its publisher knows, or of a later containerd. */
export interface OtherEvent extends EventFacts {
  readonly kind: 'other';
  /** Decoded, when it is a message of containerd's events all the same. */
  readonly payload: Message | undefined;
}

/** Something that happened on the daemon. */
export type DaemonEvent = KnownEvent | OtherEvent;

/**
 * The connection was lost, and is there again: what happened in between has not been told and never
 * will be. Events go on from here; whoever follows a state looks at it anew, now.
 */
export interface EventGap {
  readonly kind: 'gap';
  /** When the connection was lost, and when the events went on. */
  readonly from: Date;
  readonly to: Date;
  readonly cause: CtrdError;
}

/** Which events are told. */
export interface EventsOptions extends CallControl {
  /**
   * containerd filters, of which one must match, as the functions of `filters` make them. Default:
   * everything.
   */
  readonly filters?: readonly string[] | undefined;
  /** Events of every namespace, not only of the client's. Default: false. */
  readonly allNamespaces?: boolean | undefined;
  /**
   * Whether to go on, with an {@link EventGap}, when the daemon is back after it went away. `false`
   * fails with `unavailable` then. Default: true.
   */
  readonly reconnect?: boolean | undefined;
}

/** What every client has of the daemon's events. */
export interface EventsAPIClient {
  /**
   * What happens from now on. containerd replays nothing: after a restart of the daemon comes an
   * {@link EventGap}, and then what happens from there. An event may come twice, and a deletion
   * before the exit that led to it. Leaving the loop ends it.
   *
   * Throws `invalid-argument` for a filter that the daemon does not understand.
   */
  events(options?: EventsOptions): AsyncIterable<DaemonEvent | EventGap>;
}
