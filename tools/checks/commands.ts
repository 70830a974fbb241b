import type { Check } from './check.js';
import { problemsOf } from './program.js';

/** Formatting and lint. */
export const biome: Check = {
  name: 'biome',
  run: ({ fix }) =>
    problemsOf('biome', ['check', '--error-on-warnings', ...(fix ? ['--write'] : [])]),
};

/** The types of everything, tests and tools included. */
export const typecheck: Check = {
  name: 'typecheck',
  run: () => problemsOf('tsc', ['--noEmit', '--pretty', 'false']),
};

/** Every package's `dist`. */
export const build: Check = {
  name: 'build',
  run: () => problemsOf('nx', ['run-many', '-t', 'build', '--outputStyle=static']),
};

/** Files, exports and dependencies that nothing uses. */
export const knip: Check = {
  name: 'knip',
  run: () => problemsOf('knip', ['--no-progress']),
};
