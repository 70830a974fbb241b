import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CtrdError, createClient, type DefaultClient } from '@ctrd/client';
import { busyboxImage, ociArchive } from '../../tools/busybox-image/index.js';

// The demo: a containerd of our own, an image made of the machine's busybox, containers from
// TypeScript and from the command line, and nothing left at the end.

const repository = join(import.meta.dirname, '../..');
const namespace = 'demo';
const given = process.argv[2];
const image = given ?? 'docker.io/library/busybox:demo';

if (process.argv.includes('--help')) {
  say('npm run demo [-- IMAGE]: shows ctrd at work; IMAGE is pulled instead of made on the spot.');
  process.exit(0);
}

step('building the packages and the ctrd command');
execFileSync('npx', ['nx', 'run-many', '-t', 'build', '--outputStyle', 'static'], {
  cwd: repository,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, NX_DAEMON: 'false' },
});

// The daemon has a session of its own: Ctrl-C does not reach it, closing the client ends it.
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
try {
  await demo(interrupt.signal);
} catch (error) {
  if (!interrupt.signal.aborted && !(error instanceof CtrdError)) throw error;
  say(interrupt.signal.aborted ? 'interrupted' : `failed: ${(error as Error).message}`);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}

async function demo(signal: AbortSignal): Promise<void> {
  step('starting a containerd of our own');
  const client = await createClient({ daemon: 'embedded', namespace, signal });
  try {
    const { version } = await client.version();
    say(`containerd ${version} serves on ${client.daemon.address}`);
    await (given === undefined ? importBusybox(client, signal) : pull(client, signal));
    await fromTypeScript(client, signal);
    await fromCommandLine(client.daemon.address, signal);
  } finally {
    step('cleaning up');
    await client.close();
    say('the daemon has ended, and its folder is gone');
  }
}

async function pull(ctrd: DefaultClient, signal: AbortSignal): Promise<void> {
  step(`pulling ${image}`);
  const { name, target } = await ctrd.pullImage(image, { signal });
  say(`pulled ${name} (${target.digest})`);
}

async function importBusybox(ctrd: DefaultClient, signal: AbortSignal): Promise<void> {
  step(`making an image of the machine's busybox and importing it as ${image}`);
  const folder = await mkdtemp(join(tmpdir(), 'ctrd-demo-'));
  try {
    const archive = join(folder, 'busybox.tar');
    await writeFile(archive, await ociArchive(await busyboxImage(), image));
    const [imported] = await ctrd.importImage({ source: archive, signal });
    say(`imported ${imported?.name} (${imported?.target.digest})`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fromTypeScript(ctrd: DefaultClient, signal: AbortSignal): Promise<void> {
  step('running a container from TypeScript');
  {
    const args = ['sh', '-c', 'echo "hello from $(hostname), as $(id -un)"; exit 7'];
    const job = await ctrd.createContainer({ id: 'hello', image, args, stdio: 'pipe', signal });
    say(`output: ${(await text(job.stdout)).trim()}`);
    say(`exit code: ${(await job.wait()).exitCode}`);
    await job.destroy();
  }
  step('pausing, resuming and entering a container that runs');
  const sleep = ['sleep', '600'];
  const sleeper = await ctrd.createContainer({ id: 'sleeper', image, args: sleep, signal });
  await sleeper.pause();
  say(`after pause(): ${(await sleeper.info()).status}`);
  await sleeper.unpause();
  say(`after unpause(): ${(await sleeper.info()).status}`);
  const { stdout, exitCode } = await sleeper.run({ args: ['ps', '-o', 'pid,args'] });
  say(`run(ps) ended with ${exitCode}:\n${stdout.toString().trimEnd()}`);
  const exit = await sleeper.destroy({ graceMs: 100 });
  say(`destroy(): it ended with ${exit?.exitCode}`);
}

async function fromCommandLine(address: string, signal: AbortSignal): Promise<void> {
  step('the same from the command line');
  const ctrd = async (...args: string[]) => {
    signal.throwIfAborted();
    say(`$ ctrd ${args.join(' ')}`);
    const program = join(repository, 'packages/cli/bin/ctrd.js');
    const env = { ...process.env, CONTAINERD_ADDRESS: address, CONTAINERD_NAMESPACE: namespace };
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    const [status] = await once(child, 'close');
    return status;
  };
  const status = await ctrd('run', '--rm', image, 'sh', '-c', 'echo hi from the shell; exit 5');
  say(`exit code: ${status}`);
  await ctrd('run', '-d', '--name', 'web', image, 'sleep', '600');
  await ctrd('exec', 'web', 'id');
  await ctrd('ps');
  await ctrd('rm', '--force', '--time', '0', 'web');
  await ctrd('images');
}

function step(title: string): void {
  process.stdout.write(`\n== ${title}\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
