// #region life
import { text } from 'node:stream/consumers';
import { containers, withPids } from '@ctrd/containers';
import { type ClientOptions, ctrd } from '@ctrd/core';

/** A client of containers alone; all it makes have at most 256 processes. */
export const connect = (options: ClientOptions) =>
  ctrd(options)
    .use(containers({ spec: withPids(256) }))
    .connect();

/** Runs a program on a root file system: its input in, its output out. */
export async function filter(client: Client, rootfs: string, input: string): Promise<string> {
  await using job = await client.createContainer({
    id: 'filter',
    rootfs,
    args: ['sort'],
    limits: { memory: 64 * 1024 * 1024, cpus: 0.5 },
    stdio: 'pipe',
  });
  job.stdin.end(input);
  const [output, exit] = await Promise.all([text(job.stdout), job.wait()]);
  if (exit.oomKilled) throw new Error('it took more than its 64 MiB');
  return output;
}
// #endregion

type Client = Awaited<ReturnType<typeof connect>>;

// #region exec
/** Runs commands in a container that waits for them, one with a time limit. */
export async function enter(client: Client, rootfs: string): Promise<readonly string[]> {
  await using box = await client.createContainer({ id: 'box', rootfs, args: ['sleep', '3600'] });

  const { stdout } = await box.run({ args: ['id', '-un'], user: 'app', maxOutputBytes: 4096 });

  const slow = await box.exec({ args: ['sleep', '60'], killAfterMs: 100 });
  const outcome = await slow.wait().catch((error) => error.code);

  return [stdout.toString(), outcome];
}
// #endregion

// #region logs
/** Starts a container whose output goes to a file, and reads it, perhaps in another process. */
export async function logged(client: Client, rootfs: string, path: string): Promise<string> {
  await client.createContainer({
    id: 'logged',
    rootfs,
    args: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done'],
    stdio: { stdout: `file:///${path}` },
  });
  let log = '';
  for await (const chunk of client.containerLogs('logged', { follow: true })) log += chunk;
  await client.destroyContainer('logged');
  return log;
}
// #endregion

// #region stop
/** Asks politely for two seconds, then not any more; how it ended stays known. */
export async function end(client: Client, rootfs: string): Promise<number> {
  const server = await client.createContainer({ id: 'server', rootfs, args: ['sleep', '3600'] });
  await server.stop({ stopSignal: 'SIGINT', graceMs: 2000 });
  const exit = await client.waitContainer('server');
  await server.destroy();
  return exit.exitCode;
}
// #endregion

// #region options
/** Runs a program as another user, with a folder of the host, variables, and time limits. */
export async function isolated(client: Client, rootfs: string, source: string): Promise<string> {
  await using job = await client.createContainer({
    id: 'isolated',
    rootfs,
    args: ['sh', '-c', 'echo "$(id -un) $GREETING $(cat /input/file)"'],
    user: 'app', // or `1000`, `app:audio`, `1000:1000`
    env: { GREETING: 'hello', HOME: undefined }, // or ['GREETING=hello', 'HOME']
    mounts: [
      { source, destination: '/input', readOnly: true },
      { type: 'tmpfs', source: 'tmpfs', destination: '/scratch', options: ['nosuid', 'size=16m'] },
    ],
    stdio: 'pipe',
    timeoutMs: 30_000, // of the creation, not of the container
  });
  const exit = job.wait({ signal: AbortSignal.timeout(10_000) });
  const [output] = await Promise.all([text(job.stdout), exit]);
  return output;
}
// #endregion

// #region recover
/** What a new life of a program does first: it takes up what an earlier one has left. */
export async function resume(client: Client): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const { id, container, exit, error } of await client.recoverAll()) {
    if (error !== undefined) throw error;
    // `exit`: it had ended, and was told of before; `container`: the handle, watched from now on.
    const { exitCode } = exit ?? (await container?.wait()) ?? {};
    ended.push(`${id}: ${exitCode}`);
    await client.destroyContainer(id);
  }
  return ended;
}
// #endregion
