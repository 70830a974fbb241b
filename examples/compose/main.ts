// #region compose
import { containers, withPids } from '@ctrd/containers';
import { CtrdError, ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';
import { leastUsed, pool } from '@ctrd/pool';
import { snapshots } from '@ctrd/snapshots';

/** A client of the parts that one wants, with a rule of one's own around an operation. */
export function connect(address: string, namespace: string) {
  return ctrd({ address, namespace })
    .use(pool({ capacity: 5, maxStreams: 100, strategy: leastUsed() }))
    .use(snapshots())
    .use(images())
    .use(
      containers({
        spec: withPids(128),
        onExit: [({ containerId, exitCode }) => console.log(`${containerId}: ${exitCode}`)],
      }),
    )
    .middleware('createContainer', async (call, next) => {
      if (call.args[0].privileged === true) {
        throw new CtrdError('nobody is privileged here', { code: 'permission-denied' });
      }
      return await next();
    })
    .connect();
}
// #endregion
