/**
 * Pulls one image in a process of its own and prints how many milliseconds the pull itself took:
 * `node pull-program.js SOCKET NAMESPACE REFERENCE registry|transfer`.
 */
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';

const [address = '', namespace = '', reference = '', puller] = process.argv.slice(2);
await using client = await ctrd({ address, namespace })
  .use(images({ puller: puller === 'transfer' ? 'transfer' : 'registry' }))
  .connect();
const begin = performance.now();
await client.pullImage(reference);
console.log(performance.now() - begin);
