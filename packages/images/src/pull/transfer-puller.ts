import { Introspection } from '@ctrd/api/services/introspection/v1';
import { hasCode, mergeSignals, type Rpc } from '@ctrd/core';
import { parseImageConfig } from '../oci/image-config.js';
import { parseDocument } from '../oci/manifest.js';
import type { ImageParts } from '../parts.js';
import { completeReference, type ImageReference, parseReference } from '../reference/reference.js';
import type { Registry } from '../registry/registries.js';
import { isOrigin } from '../registry/registry-host.js';
import { chainIds } from '../unpack/chain-id.js';
import { hasSnapshot } from '../unpack/has-snapshot.js';
import { admitImage } from '../verify/admit-image.js';
import { type ChosenImage, chooseManifest } from './choose-manifest.js';
import { isPlainHttp, transferImage } from './daemon-transfer.js';
import { pullEvidence } from './pull-evidence.js';
import type { Puller, PullJob } from './puller.js';
import { remoteDocument } from './remote-blob.js';
import { resolveTarget } from './resolve-target.js';
import { openTransferStream, type TransferStream } from './transfer-stream.js';

/**
 * Lets the daemon pull, by its transfer service (1.7 and later): this process says what the reference
 * means, looks whether it suits the platform, and asks the policy. What the daemon cannot do as this
 * client would is left to the other puller: mirrors, proxies and certificates of the client's own,
 * plain HTTP (1.7), all platforms or metadata alone, what the daemon is not configured to unpack, and
 * whatever needs credentials, which the daemon sends to any token server that a registry names; and
 * all of it for a daemon without the service.
 */
export function createTransferPuller(parts: ImageParts, otherwise: Puller): Puller {
  const { rpc, registries } = parts;
  let isMissing = false;

  /** Answers whether all of the image is there now. */
  async function byDaemon(
    job: PullJob,
    reference: ImageReference,
    registry: Registry,
  ): Promise<boolean> {
    const { signal, progress, platform } = job;
    const stop = new AbortController();
    using merged = mergeSignals({ signal }, stop.signal);
    try {
      const stream = await openStream(rpc, merged.signal);
      isMissing = stream === undefined;
      if (stream === undefined) return false;
      if (isPlainHttp(registry) && !(await knowsSchemes(rpc, signal))) return false;
      const { descriptor } = await resolveTarget(registry, reference, signal);
      progress.image('resolved');
      const evidence = pullEvidence(registry, signal);
      await admitImage(parts.policy, {
        ...{ reference: job.reference, target: descriptor, origin: 'pull', evidence, signal },
      });
      // The daemon takes a manifest of whatever platform.
      const chosen = await chooseManifest(
        async (child) =>
          parseDocument(await remoteDocument(registry, child, signal), child.mediaType),
        ...([descriptor, platform] as const),
        async ({ config }) => parseImageConfig(await evidence.blob(config)),
      );
      const untold = await transferImage(rpc, {
        ...{ job, registry, stream, signal: merged.signal },
        ...{ digest: descriptor.digest, platform: chosen.image.platform },
      });
      const isDone = await isThere(parts, job, chosen);
      if (isDone) for (const blob of untold) blob.status('done');
      return isDone;
    } catch (error) {
      // It is not configured to unpack this platform, or to this snapshotter.
      if (hasCode(error, 'invalid-argument')) return false;
      throw error;
    } finally {
      stop.abort();
    }
  }

  return {
    async pull(job) {
      const reference = completeReference(parseReference(job.reference));
      const registry = await registries.open(reference, job);
      const isDaemons =
        !isMissing &&
        canTransfer(job, registry) &&
        (await registry.credentials(job.signal)) === undefined &&
        (await byDaemon(job, reference, registry));
      if (!isDaemons) await otherwise.pull(job);
    },
  };
}

function canTransfer({ allPlatforms, metadataOnly }: PullJob, registry: Registry): boolean {
  const [first, ...more] = registry.hosts('pull').map(({ host }) => host);
  if (allPlatforms || metadataOnly || first === undefined || more.length > 0) return false;
  const isItself = isOrigin(first, registry.domain) && first.base.pathname === '/v2/';
  return isItself && !registry.isProxied && first.tls === undefined && first.headers === undefined;
}

/** `undefined` when the daemon has no such service. */
async function openStream(rpc: Rpc, signal: AbortSignal): Promise<TransferStream | undefined> {
  try {
    return await openTransferStream(rpc, 'progress', signal);
  } catch (error) {
    if (hasCode(error, 'unimplemented')) return undefined;
    throw error;
  }
}

/** Whether the daemon can be told to use plain HTTP, which came with this method (2.0). */
async function knowsSchemes(rpc: Rpc, signal: AbortSignal): Promise<boolean> {
  try {
    await rpc.client(Introspection).pluginInfo({}, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, 'unavailable', 'timeout', 'aborted')) throw error;
    return !hasCode(error, 'unimplemented');
  }
}

/** What the daemon takes to be of another platform it leaves out, and calls that a success. */
async function isThere(
  { rpc, content }: ImageParts,
  { snapshotter, signal }: PullJob,
  { manifest, image }: ChosenImage,
): Promise<boolean> {
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    if ((await content.find(digest, { signal })) === undefined) return false;
  }
  const key = chainIds(image.diffIds).at(-1);
  if (snapshotter === undefined || key === undefined) return true;
  return await hasSnapshot(rpc, { snapshotter, key, signal });
}
