/**
 * A process of its own that pulls one image, to be killed: `node pull-once.ts SOCKET NAMESPACE
 * REFERENCE`. It says `begun` when the first layer is on its way.
 */
import { ctrd } from '@ctrd/core';
import { images } from '@ctrd/images';

const [address = '', namespace = '', reference = ''] = process.argv.slice(2);
await using client = await ctrd({ address, namespace })
  .use(images({ registry: { credentials: () => undefined, hostsFolders: [], proxy: false } }))
  .connect();
let begun = false;
await client.pullImage(reference, {
  onProgress({ ref, status }) {
    if (begun || !ref.startsWith('layer-') || status !== 'downloading') return;
    begun = true;
    process.stdout.write('begun\n');
  },
});
