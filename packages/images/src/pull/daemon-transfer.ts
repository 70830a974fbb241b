import { fromBinary } from '@bufbuild/protobuf';
import { Transfer } from '@ctrd/api/services/transfer/v1';
import { ImageStoreSchema, OCIRegistrySchema, ProgressSchema } from '@ctrd/api/types/transfer';
import { CtrdError, hasCode, mergeSignals, type Rpc } from '@ctrd/core';
import type { Platform } from '../oci/platform.js';
import { formatReference } from '../reference/reference.js';
import type { Registry } from '../registry/registries.js';
import type { BlobProgress } from './progress.js';
import type { PullStatus } from './pull-api.js';
import type { PullJob } from './puller.js';
import { pack, type TransferStream } from './transfer-stream.js';

export interface ImageTransfer {
  readonly job: PullJob;
  readonly registry: Registry;
  /** What the reference means. */
  readonly digest: string;
  /** Of the manifest that is to be fetched. */
  readonly platform: Platform;
  readonly stream: TransferStream;
  readonly signal: AbortSignal;
}

/**
 * The daemon fetches an image from a registry, unpacks it and makes its record. Answers the blobs whose
 * end it has not told: it may be done sooner.
 *
 * Throws `timeout` (reason `idle`) when no byte comes from the registry for too long, for which the
 * daemon itself would wait for ever.
 */
export async function transferImage(
  rpc: Rpc,
  transfer: ImageTransfer,
): Promise<readonly BlobProgress[]> {
  const { stream, signal } = transfer;
  const stop = new AbortController();
  using merged = mergeSignals({ signal }, stop.signal);
  const told = follow(transfer, (silence) => stop.abort(silence));
  const options = { progressStream: stream.id };
  try {
    await rpc
      .client(Transfer)
      .transfer({ ...requestOf(transfer), options }, { signal: merged.signal, role: 'stream' });
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : refused(error);
  }
  return [...(await told).values()];
}

export function isPlainHttp(registry: Registry): boolean {
  return registry.hosts('pull')[0]?.host.base.protocol === 'http:';
}

function requestOf({ job, registry, digest, platform }: ImageTransfer) {
  const { reference, labels, snapshotter } = job;
  const { domain, repository: path } = registry;
  const { os, architecture, variant = '' } = platform;
  const wanted = { os, architecture, variant };
  return {
    source: pack(OCIRegistrySchema, {
      reference: formatReference({ domain, path, digest }),
      resolver: { defaultScheme: isPlainHttp(registry) ? 'http' : 'https' },
    }),
    destination: pack(ImageStoreSchema, {
      ...{ name: reference, labels: { ...labels }, platforms: [wanted] },
      unpacks: snapshotter === undefined ? [] : [{ platform: wanted, snapshotter }],
    }),
  };
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

/** Passes on what the daemon tells until it is done. It repeats itself as long as nothing changes. */
async function follow(
  { job: { progress }, registry: { idleTimeoutMs }, stream }: ImageTransfer,
  onSilence: (silence: CtrdError) => void,
): Promise<ReadonlyMap<string, BlobProgress>> {
  const coming = new Map<string, bigint>();
  const untold = new Map<string, BlobProgress>();
  const idle = setTimeout(() => {
    const [blob] = coming.keys();
    if (blob !== undefined) onSilence(silent(blob, idleTimeoutMs));
  }, idleTimeoutMs);
  try {
    for await (const { value } of stream.messages) {
      const { event, name, progress: offset, total } = fromBinary(ProgressSchema, value);
      const status = statuses[event];
      if (status === undefined || !/^[a-z]+-sha(?:256|512):/.test(name)) continue;
      const isComing = status === 'waiting' || status === 'downloading';
      if (!isComing || coming.get(name) !== offset) idle.refresh();
      if (isComing) coming.set(name, offset);
      else coming.delete(name);
      const step = progress.blob(name, Number(total));
      step.status(status);
      if (status === 'downloading') step.offset(Number(offset));
      if (isComing || status === 'unpacking') untold.set(name, step);
      else untold.delete(name);
    }
  } catch {
    // The transfer itself says how it ended.
  } finally {
    clearTimeout(idle);
  }
  return untold;
}

function silent(blob: string, idleTimeoutMs: number): CtrdError {
  return new CtrdError(`no byte came from the registry for ${idleTimeoutMs} ms`, {
    ...{ code: 'timeout', reason: 'idle', subject: blob },
  });
}

/** At a commit, of content that is not what its digest or size says. */
function refused(error: unknown): unknown {
  if (!hasCode(error, 'failed-precondition')) return error;
  return new CtrdError(`the content is not what it should be: ${error.rawMessage}`, {
    ...{ code: 'data-loss', reason: 'digest', cause: error },
  });
}
