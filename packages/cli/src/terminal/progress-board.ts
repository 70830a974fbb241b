import { shortened } from '../output/table.js';
import { size } from '../output/units.js';

/** A step of a transfer, as the library tells it. */
export interface TransferStep {
  /** The image's reference, or one blob of it. */
  readonly ref: string;
  readonly status: string;
  readonly offset: number;
  readonly total: number;
}

/** What is known of a transfer, and how it looks. */
export interface ProgressBoard {
  /** Takes a step in. Answers whether a status changed: the bytes of a blob alone are no news. */
  take(step: TransferStep, now: number): boolean;
  /** A line for each blob, and the sum below, at most `width` wide. */
  lines(width: number, now: number): readonly string[];
}

interface Entry extends TransferStep {
  readonly startedAt: number;
  readonly startOffset: number;
  readonly endedAt: number | undefined;
}

const barWidth = 24;
const nameWidth = 19;
const over = new Set(['done', 'exists', 'uploaded', 'mounted']);

/**
 * Collects the steps of a transfer of an image. The image's own steps make no line: what they say is
 * in the sum.
 */
export function createProgressBoard(reference: string): ProgressBoard {
  const blobs = new Map<string, Entry>();
  let image: TransferStep = { ref: reference, status: '', offset: 0, total: 0 };
  let startedAt: number | undefined;
  return {
    take(step, now) {
      startedAt ??= now;
      if (!isBlob(step.ref)) {
        const news = image.status !== step.status;
        image = step;
        return news;
      }
      const known = blobs.get(step.ref);
      const moving = known === undefined || known.status !== step.status;
      blobs.set(step.ref, {
        ...step,
        startedAt: moving ? now : known.startedAt,
        startOffset: moving ? step.offset : known.startOffset,
        endedAt: over.has(step.status) ? (known?.endedAt ?? now) : undefined,
      });
      return moving;
    },
    lines(width, now) {
      const all = [...blobs.values()];
      const rows = all.map((entry) => blobLine(entry, now));
      const offset = all.reduce((sum, entry) => sum + entry.offset, 0);
      const total = all.reduce((sum, entry) => sum + entry.total, 0);
      const moved = all
        .filter(({ status }) => status !== 'exists' && status !== 'mounted')
        .reduce((sum, entry) => sum + entry.offset, 0);
      const rate = rateText(moved, now - (startedAt ?? now));
      const sum = `${reference}: ${image.status} ${amount(offset, total)}${rate}`;
      return [...rows, sum].map((line) => shortened(line, width));
    },
  };
}

/** Whether a step is of one blob, `layer-sha256:…`, and not of the image as a whole. */
export const isBlob = (ref: string): boolean => /^[a-z]+-sha\d+:/.test(ref);

/** What stands for a blob: its kind, and the beginning of its digest. */
export function blobName(ref: string): string {
  return ref.replace(/sha256:([0-9a-f]{12})[0-9a-f]*/, '$1');
}

function blobLine({ ref, status, offset, total, startedAt, startOffset }: Entry, now: number) {
  const name = blobName(ref).padEnd(nameWidth);
  if (over.has(status)) return `${name} ${status.padEnd(12)} ${size(total)}`;
  const running = status === 'downloading' || status === 'uploading';
  if (!running) return `${name} ${status}`;
  const rate = rateText(offset - startOffset, now - startedAt);
  return `${name} ${status.padEnd(12)} ${bar(offset, total)} ${amount(offset, total)}${rate}`;
}

function bar(offset: number, total: number): string {
  const full = total > 0 ? Math.min(barWidth, Math.floor((offset / total) * barWidth)) : 0;
  const head = full < barWidth ? '>' : '';
  return `[${'='.repeat(full)}${head.padEnd(barWidth - full)}]`;
}

const amount = (offset: number, total: number): string => `${size(offset)} / ${size(total)}`;

/** Nothing in the first moment: a rate of so little would be any number. */
function rateText(bytes: number, ms: number): string {
  return ms < 200 || bytes <= 0 ? '' : `, ${size((bytes * 1000) / ms)}/s`;
}
