import { Tasks } from '@ctrd/api/services/tasks/v1';
import type { ContainerParts } from './parts.js';

/**
 * Ends and deletes a container's task whose record is gone. Another client may delete a record under
 * a task; the daemon then neither signals nor deletes that, and its shim does both. As long as the
 * daemon has the task, nobody can have made another one of the id.
 */
export async function endUnrecorded(
  { patient, shims }: ContainerParts,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const { tasks } = await patient.client(Tasks).list({}, { signal });
  if (tasks.some((task) => task.id === id)) await shims.end(id, { signal });
}
