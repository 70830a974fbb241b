import { Containers } from '@ctrd/api/services/containers/v1';
import { CtrdError, invalidArgument, type Rpc } from '@ctrd/core';

/** What is committed: a snapshot, and the image that it is based on. */
export interface CommitSource {
  readonly snapshotter: string;
  readonly key: string;
  /** The base's reference; `undefined` for a snapshot that is an image of its own. */
  readonly base: string | undefined;
  /** What has made the changes, for the history. */
  readonly createdBy: string | undefined;
}

export interface CommitSourceOptions {
  readonly container?: string | undefined;
  readonly snapshot?: string | undefined;
  readonly snapshotter?: string | undefined;
  readonly base?: string | undefined;
}

/** Throws `invalid-argument`, and `not-found` for a container that is not there. */
export async function commitSource(
  rpc: Rpc,
  { container, snapshot, snapshotter, base }: CommitSourceOptions,
  defaultSnapshotter: () => Promise<string>,
  signal: AbortSignal,
): Promise<CommitSource> {
  if ((container === undefined) === (snapshot === undefined)) {
    throw invalidArgument('container', 'be given, or else snapshot, but not both');
  }
  if (snapshot !== undefined) {
    const name = snapshotter ?? (await defaultSnapshotter());
    return { snapshotter: name, key: snapshot, base, createdBy: undefined };
  }
  const answer = await rpc.client(Containers).get({ id: container ?? '' }, { signal });
  const record = answer.container;
  if (record === undefined || record.snapshotKey === '') {
    throw new CtrdError('the container has no snapshot, but a file system of its own', {
      code: 'failed-precondition',
      reason: 'no-snapshot',
      subject: container,
    });
  }
  return {
    snapshotter: record.snapshotter,
    key: record.snapshotKey,
    base: base ?? (record.image === '' ? undefined : record.image),
    createdBy: programOf(record.spec?.value),
  };
}

/** What the container runs, as a line. */
function programOf(spec: Uint8Array | undefined): string | undefined {
  try {
    const { process } = JSON.parse(Buffer.from(spec ?? []).toString()) as {
      process?: { args?: string[] };
    };
    return process?.args?.join(' ');
  } catch {
    // A spec of another kind is no reason to fail.
    return undefined;
  }
}
