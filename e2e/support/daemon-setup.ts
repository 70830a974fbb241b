import type { TestProject } from 'vitest/node';
import type { Line } from '../../tools/matrix/index.js';
import {
  type DaemonPlace,
  folderPrefix,
  newPlace,
  removeDaemon,
  startDaemon,
} from './daemon-process.js';
import { removeAbandoned } from './remains.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which containerd line the project tests. */
    line: Line;
    /** The project's daemon. */
    daemon: DaemonPlace;
  }
}

/** Starts the daemon of a project's line before its first file, and removes it after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned(folderPrefix);
  const { line } = project.config.provide;
  if (line === undefined) throw new Error(`project ${project.name} does not provide a line`);
  const place = await newPlace(line);
  try {
    await startDaemon(place);
  } catch (error) {
    await removeDaemon(place);
    throw error;
  }
  project.provide('daemon', place);
  return () => removeDaemon(place);
}
