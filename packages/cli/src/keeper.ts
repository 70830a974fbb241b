// The program behind `run -d --rm`: it waits for the end of a container and removes it. It loads
// nothing of images, and of this command only what removes a container, so that it stays small.
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { containers, snapshots } from '@ctrd/client/containers';
import {
  Connector,
  CtrdError,
  ctrd,
  hasCode,
  http2Connector,
  Owner,
  processOwner,
} from '@ctrd/client/core';
import { type KeeperTask, takeIt, taken } from './keep.js';
import { removalBy, removerOf } from './removal.js';
import { removeContainer, unlessGone } from './remove-container.js';

/** What a daemon that is away for longer finds when it is back, `sweep` removes. */
const patienceMs = 10 * 60_000;

/** Whoever started it is at the other end. */
const line = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true }).on(
  'error',
  () => {},
);

try {
  await keep(JSON.parse(process.argv[2] ?? '') as KeeperTask);
} catch (error) {
  line.end(error instanceof CtrdError ? error.rawMessage : String(error));
  process.exitCode = 1;
}

async function keep({ id, namespace, ...where }: KeeperTask): Promise<void> {
  const owner = processOwner();
  await using client = await ctrd({ ...where, namespace })
    .provide(Connector, http2Connector())
    .provide(Owner, owner)
    .use(snapshots())
    .use(containers())
    .connect();
  if ((await text(line.iterator({ destroyOnReturn: false }))) !== takeIt) return;
  const made = await client.getContainer(id);
  // The shortest ones have ended, and their exit is noted: nothing is left to wait for.
  const container = await client.recoverContainer(id, { stdio: 'null' }).catch(unlessGone);
  await client.updateContainer(id, { extensions: removalBy(owner.id) });
  line.end(taken);
  await container?.wait();
  for (const end = performance.now() + patienceMs; ; await sleep(1_000)) {
    try {
      const found = await client.getContainer(id).catch(unlessGone);
      // Somebody was faster, and the id may be another container's by now.
      if (found?.createdAt.getTime() !== made.createdAt.getTime()) return;
      // It was started again, and has another keeper.
      if (removerOf(found) !== owner.id) return;
      await removeContainer(client, found, namespace, { graceMs: 0 });
      return;
    } catch (error) {
      if (!hasCode(error, 'unavailable') || performance.now() > end) throw error;
    }
  }
}
