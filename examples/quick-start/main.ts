// #region quick-start
import { text } from 'node:stream/consumers';
import { createClient, hasCode } from '@ctrd/client';

/** Runs a program in a container of an image, prints its output, and answers its exit code. */
export async function greet(image: string, options: { address?: string } = {}): Promise<number> {
  await using client = await createClient({ ...options, namespace: 'quick-start' });

  await client.getImage(image).catch((error) => {
    if (!hasCode(error, 'not-found')) throw error;
    return client.pullImage(image);
  });

  await using job = await client.createContainer({
    id: 'job-1',
    image,
    args: ['sh', '-c', 'echo hello from $(hostname); exit 3'],
    hostname: 'container',
    limits: { memory: 64 * 1024 * 1024, cpus: 0.5, pids: 32 },
    stdio: 'pipe',
  });

  const [output, exit] = await Promise.all([text(job.stdout), job.wait()]);
  process.stdout.write(output);
  return exit.exitCode;
}
// #endregion
