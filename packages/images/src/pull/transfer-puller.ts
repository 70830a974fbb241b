import { fromBinary } from '@bufbuild/protobuf';
import { Introspection } from '@ctrd/api/services/introspection/v1';
import { Transfer } from '@ctrd/api/services/transfer/v1';
import { ImageStoreSchema, OCIRegistrySchema, ProgressSchema } from '@ctrd/api/types/transfer';
import { hasCode, mergeSignals, type Rpc } from '@ctrd/core';
import type { Descriptor } from '../oci/descriptor.js';
import { parseImageConfig } from '../oci/image-config.js';
import { parseDocument } from '../oci/manifest.js';
import type { ImageParts } from '../parts.js';
import { completeReference, formatReference, parseReference } from '../reference/reference.js';
import type { Registry } from '../registry/registries.js';
import { admitImage } from '../verify/admit-image.js';
import { chooseManifest } from './choose-manifest.js';
import type { ProgressTracker } from './progress.js';
import type { PullStatus } from './pull-api.js';
import { pullEvidence, remoteDocument } from './pull-evidence.js';
import type { Puller, PullJob } from './puller.js';
import { resolveTarget } from './resolve-target.js';
import { openTransferStream, pack, type TransferStream } from './transfer-stream.js';

/**
 * Lets the daemon pull, by its transfer service (1.7 and later): this process says what the reference
 * means, looks whether it suits the platform, and asks the policy. What the daemon cannot do as this
 * client would is left to the other puller: mirrors and certificates of the client's own, plain HTTP
 * (1.7), all platforms or metadata alone, and whatever needs credentials, which the daemon sends to
 * any token server that a registry names; and all of it for a daemon without the service.
 */
export function createTransferPuller(parts: ImageParts, otherwise: Puller): Puller {
  const { rpc, registries } = parts;
  let isMissing = false;
  return {
    async pull(job) {
      const { signal, progress, platform } = job;
      const reference = completeReference(parseReference(job.reference));
      const registry = await registries.open(reference, job);
      const isOurs = isMissing || !canTransfer(job, registry);
      if (isOurs || (await registry.credentials(signal)) !== undefined) {
        return await otherwise.pull(job);
      }
      const stop = new AbortController();
      using merged = mergeSignals({ signal }, stop.signal);
      try {
        const stream = await openStream(rpc, merged.signal);
        isMissing = stream === undefined;
        if (stream === undefined || (isPlainHttp(registry) && !(await knowsSchemes(rpc, signal)))) {
          return await otherwise.pull(job);
        }
        const { descriptor } = await resolveTarget(registry, reference, signal);
        progress.image('resolved');
        const evidence = pullEvidence(registry, signal);
        await admitImage(parts.policy, {
          ...{ reference: job.reference, target: descriptor, origin: 'pull', evidence, signal },
        });
        // The daemon takes a manifest of whatever platform.
        await chooseManifest(
          async (child) =>
            parseDocument(await remoteDocument(registry, child, signal), child.mediaType),
          ...([descriptor, platform] as const),
          async ({ config }) => parseImageConfig(await evidence.blob(config)),
        );
        const told = tell(stream, progress);
        await transfer(rpc, job, registry, descriptor, stream);
        stop.abort();
        await told;
      } finally {
        stop.abort();
      }
    },
  };
}

function canTransfer({ allPlatforms, metadataOnly }: PullJob, registry: Registry): boolean {
  const [first, ...more] = registry.hosts('pull');
  const isPlain = first?.host.tls === undefined && first?.host.headers === undefined;
  return !allPlatforms && !metadataOnly && more.length === 0 && isPlain;
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

function isPlainHttp(registry: Registry): boolean {
  return registry.hosts('pull')[0]?.host.base.protocol === 'http:';
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

async function transfer(
  rpc: Rpc,
  { reference, labels, platform, snapshotter, signal }: PullJob,
  registry: Registry,
  { digest }: Descriptor,
  { id: progressStream }: TransferStream,
): Promise<void> {
  const { domain, repository: path } = registry;
  const { os, architecture, variant = '' } = platform;
  const wanted = { os, architecture, variant };
  const source = pack(OCIRegistrySchema, {
    reference: formatReference({ domain, path, digest }),
    resolver: { defaultScheme: isPlainHttp(registry) ? 'http' : '' },
  });
  const destination = pack(ImageStoreSchema, {
    ...{ name: reference, labels: { ...labels }, platforms: [wanted] },
    unpacks: snapshotter === undefined ? [] : [{ platform: wanted, snapshotter }],
  });
  await rpc
    .client(Transfer)
    .transfer({ source, destination, options: { progressStream } }, { signal, role: 'stream' });
}

/** The daemon's words for what becomes of a blob. */
const statuses: Readonly<Record<string, PullStatus>> = {
  waiting: 'waiting',
  downloading: 'downloading',
  complete: 'done',
  'already exists': 'exists',
  extracting: 'unpacking',
  extracted: 'done',
};

async function tell({ messages }: TransferStream, progress: ProgressTracker): Promise<void> {
  try {
    for await (const { value } of messages) {
      const { event, name, progress: offset, total } = fromBinary(ProgressSchema, value);
      const status = statuses[event];
      if (status === undefined || !/^[a-z]+-sha(?:256|512):/.test(name)) continue;
      const step = progress.blob(name, Number(total));
      step.status(status);
      if (status === 'downloading') step.offset(Number(offset));
    }
  } catch {
    // The transfer itself says how it ended.
  }
}
