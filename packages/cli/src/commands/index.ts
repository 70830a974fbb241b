import type { CommandSpec } from '../command-spec.js';
import { containerCommands } from './container.js';
import { imageCommands } from './image.js';
import { systemCommands } from './system.js';

/** Every command, in the order of the help. */
export const commands: readonly CommandSpec[] = [
  ...containerCommands,
  ...imageCommands,
  ...systemCommands,
];
