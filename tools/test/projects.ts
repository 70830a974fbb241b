import { availableParallelism } from 'node:os';

/** A vitest project with the time it may take. */
export interface Project {
  readonly name: string;
  /** After this it is stopped, and what has not finished counts as failed. */
  readonly timeoutMs: number;
}

const minute = 60_000;

/** The projects of vitest.config.ts, the longest first. */
export const projects: readonly Project[] = [
  { name: 'containerd-1.6', timeoutMs: 25 * minute },
  { name: 'containerd-1.7', timeoutMs: 25 * minute },
  { name: 'containerd-2.1', timeoutMs: 25 * minute },
  { name: 'unit', timeoutMs: 15 * minute },
];

/**
 * How many projects run at once, each in a process of its own: all lines, since each waits for its
 * daemon, for limits and for what it has killed a good part of the time.
 */
export const projectsAtOnce = Math.min(
  projects.length,
  Number(process.env['CTRD_PROJECTS_AT_ONCE'] ?? Math.max(3, availableParallelism())),
);

/** For one file in the second run. */
export const fileTimeoutMs = 8 * minute;

/** For the second run altogether: what does not fit has failed. */
export const secondRunTimeoutMs = 25 * minute;
