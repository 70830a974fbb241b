import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CtrdError } from '@ctrd/client/core';
import type { Context } from './context.js';

/** What a keeper is told. */
export interface KeeperTask extends Pick<Context, 'address' | 'namespace' | 'runtimeDir'> {
  readonly id: string;
}

/** What it hears when its container is there. */
export const takeIt = 'take it';

/** What it answers when it has taken it up; anything else is why it could not. */
export const taken = 'taken';

/** A process that waits for the end of a container and removes it. */
export interface Keeper extends Disposable {
  /** The container is there. Resolves when it is taken up: from then on, the keeper needs nobody. */
  take(): Promise<void>;
}

/** It starts while the container is made, and ends when it is disposed before it has taken it. */
export function startKeeper(
  id: string,
  { address, namespace, runtimeDir }: Omit<KeeperTask, 'id'>,
): Keeper {
  const program = fileURLToPath(new URL('../dist/keeper.js', import.meta.url));
  const task: KeeperTask = { id, address, namespace, runtimeDir };
  const keeper = spawn(process.execPath, [...sparing, program, JSON.stringify(task)], {
    // It must neither end with our terminal nor hold a file system that is to be unmounted.
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  keeper.on('error', () => {});
  // One that cannot be started, for want of descriptors, has no streams.
  const line = keeper.stdio?.[3] as Duplex | undefined;
  if (line === undefined) throw noKeeper(id, 'the keeper cannot be started');
  line.on('error', () => {});
  return {
    async take() {
      line.end(takeIt);
      const said = await text(line).catch(String);
      if (said === taken) return;
      throw noKeeper(id, said || 'the keeper has ended');
    },
    [Symbol.dispose]() {
      line.destroy();
      keeper.unref();
    },
  };
}

function noKeeper(id: string, why: string): CtrdError {
  return new CtrdError(`nobody is there to remove it: ${why}`, {
    ...{ code: 'aborted', reason: 'keeper', subject: id },
  });
}

/** For a container that is there. */
export async function keep(id: string, where: Omit<KeeperTask, 'id'>): Promise<void> {
  using keeper = startKeeper(id, where);
  await keeper.take();
}

/** It has little to do, and all the time for it. */
const sparing = ['--optimize-for-size', '--max-semi-space-size=1', '--single-threaded'];
