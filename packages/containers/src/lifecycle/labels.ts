import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Container } from '@ctrd/api/services/containers/v1';
import { checkLabels, invalidArgument, ownerLabel } from '@ctrd/core';
import type { ExitMessage } from '../exits/exit-message.js';

type Labels = Readonly<Record<string, string>>;

/** Labels that ctrd writes on a container's record. */
export const labels = {
  /** How it ended, for whoever asks after its task is gone. */
  exitCode: 'ctrd/exit-code',
  exitedAt: 'ctrd/exited-at',
  exitLost: 'ctrd/exit-lost',
  exitOom: 'ctrd/exit-oom',
  /** Which call made the record, so that its undoing never takes another's. */
  creation: 'ctrd/creation',
  /** `false` for a snapshot that the caller gave and keeps. */
  ownsSnapshot: 'ctrd/owns-snapshot',
  /** The Go client's label for the signal that an image wants to be stopped with. */
  stopSignal: 'io.containerd.image.config.stop-signal',
} as const;

const { stopSignal: _everybodys, ...ours } = labels;
const own: ReadonlySet<string> = new Set([...Object.values(ours), ownerLabel]);

/** Throws `invalid-argument` for what is no label, and for those that only ctrd itself writes. */
export function checkGivenLabels(given: Labels): void {
  checkLabels('labels', given);
  for (const key of Object.keys(given)) {
    if (own.has(key)) throw invalidArgument(`labels.${key}`, "be left out: it is ctrd's own");
  }
}

export function exitLabels({ exitCode, exitedAt, lost, oomKilled }: ExitMessage): Labels {
  return {
    [labels.exitCode]: String(exitCode),
    [labels.exitedAt]: exitedAt.toISOString(),
    ...(lost === undefined ? {} : { [labels.exitLost]: lost }),
    ...(oomKilled === undefined ? {} : { [labels.exitOom]: 'true' }),
  };
}

/** Takes the exit of the life before off a record. */
export const noExitLabels: Labels = {
  [labels.exitCode]: '',
  [labels.exitedAt]: '',
  [labels.exitLost]: '',
  [labels.exitOom]: '',
};

/** What of a record tells of an exit. */
type Noted = Pick<Container, 'id' | 'labels' | 'createdAt' | 'updatedAt'>;

/**
 * The exit that a record's labels tell of, if any. Other clients copy an image's labels, which may
 * say anything: an exit that was noted lies between the record's creation and its last update.
 */
export function labelledExit(record: Noted): ExitMessage | undefined {
  const { id: containerId, labels: of, createdAt, updatedAt } = record;
  const exitCode = Number(of[labels.exitCode] || Number.NaN);
  const exitedAt = new Date(of[labels.exitedAt] ?? '');
  const lost = of[labels.exitLost];
  if (!Number.isInteger(exitCode) || createdAt === undefined || updatedAt === undefined) return;
  const [from, to] = [timestampMs(createdAt), timestampMs(updatedAt)];
  if (!(exitedAt.getTime() >= from && exitedAt.getTime() <= to)) return;
  return {
    ...{ containerId, execId: '', exitCode, exitedAt },
    ...(lost === undefined ? {} : { lost }),
    ...(of[labels.exitOom] === undefined ? {} : { oomKilled: true }),
  };
}
