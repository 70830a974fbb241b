/**
 * Pulls one image in a process of its own and prints how many milliseconds the pull itself took:
 * `node pull-program.js SOCKET NAMESPACE REFERENCE registry|transfer [http2]`.
 */
import { Connector, ctrd } from '@ctrd/core';
import { grpcConnector } from '@ctrd/core/grpc';
import { http2Connector } from '@ctrd/core/http2';
import { images } from '@ctrd/images';

const [address = '', namespace = '', reference = '', puller, over] = process.argv.slice(2);
await using client = await ctrd({ address, namespace })
  .provide(Connector, over === 'http2' ? http2Connector() : grpcConnector())
  .use(images({ puller: puller === 'transfer' ? 'transfer' : 'registry' }))
  .connect();
const begin = performance.now();
await client.pullImage(reference);
console.log(performance.now() - begin);
