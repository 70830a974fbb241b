import { type ChangeMoment, changeMoment, type Moment, moment } from '@ctrd/core';
import type { RuntimeSpec } from '../spec/runtime-spec.js';
import type { ExitMessage } from './exit-message.js';

/**
 * A container has ended. Handlers run in order before its task is deleted, so that a host which dies
 * in one finds the exit again; waiters hear of it after the last handler. Not told of a container
 * that is being destroyed.
 */
export const exited: Moment<ExitMessage> = moment('exited');

/** A process that was started in a container has ended. */
export const execExited: Moment<ExitMessage> = moment('execExited');

/** A container has been made out of its options: the last word on its spec, before anything runs. */
export const beforeCreate: ChangeMoment<BeforeCreate> = changeMoment('beforeCreate');

/** A container that is about to be made. */
export interface BeforeCreate {
  readonly id: string;
  readonly spec: RuntimeSpec;
}

/**
 * The daemon has said something of a container, of this client or another: for logs of events. What
 * happens while the daemon is away is not told; exits are, by {@link exited}.
 */
export const containerEvent: Moment<ContainerEvent> = moment('containerEvent');

/** What the daemon has said of a container. */
export interface ContainerEvent {
  readonly containerId: string;
  /** The end of its own process, of one that was started in it, or that its memory ran out. */
  readonly action: 'die' | 'exec_die' | 'oom';
  readonly at: Date;
  /** `exitCode` of `die` and `exec_die`, `execId` of `exec_die`. */
  readonly attributes: Readonly<Record<string, string>>;
}
