import type { Run } from '../context.js';
import { showProgress } from '../terminal/progress.js';

interface PushFlags {
  readonly quiet?: true;
  readonly platform?: string;
  readonly to?: string;
  readonly concurrency?: number;
}

export const push: Run<PushFlags> = async ([reference = ''], flags, { client, signal }) => {
  const { quiet = false, platform, to, concurrency } = flags;
  const pushed = await (async () => {
    using view = showProgress(to ?? reference, { quiet });
    return await client.pushImage(reference, {
      ...{ platform, to, concurrency, signal },
      onProgress: ({ digest, mediaType, status, offset, total }) =>
        view.show({ ref: `${kindOf(mediaType)}-${digest}`, status, offset, total }),
    });
  })();
  if (!quiet) process.stdout.write(`${pushed.reference} ${pushed.digest}\n`);
};

/** The word for a blob that pulls use as well. */
function kindOf(mediaType: string): string {
  if (/(index|manifest\.list)/.test(mediaType)) return 'index';
  if (/manifest/.test(mediaType)) return 'manifest';
  return /(config|container\.image)/.test(mediaType) ? 'config' : 'layer';
}
