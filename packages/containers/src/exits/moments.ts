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

export interface BeforeCreate {
  readonly id: string;
  readonly spec: RuntimeSpec;
}
