import type { CtrdError, Report } from '@ctrd/core';
import { toCtrdError } from '@ctrd/core';
import type { PullProgress, PullStatus } from './pull-api.js';

/** Tells how a pull goes on. After its end it says nothing more. */
export interface ProgressTracker {
  /** The image as a whole. */
  image(status: PullStatus): void;
  /** A blob, which is `waiting` when it is first seen. */
  blob(ref: string, total: number): BlobProgress;
  /** The last word of a pull that failed. */
  fail(error: CtrdError): void;
}

/** How far one blob of a pull has come, told by whoever fetches it. */
export interface BlobProgress {
  /** What is done with it now. */
  status(status: PullStatus): void;
  /** Bytes that are there. */
  offset(bytes: number): void;
}

/** Milliseconds between two events of one blob whose status is the same. */
const intervalMs = 100;

export function createProgress(
  reference: string,
  onProgress: ((progress: PullProgress) => void) | undefined,
  report: Report,
): ProgressTracker {
  const blobs = new Map<string, Entry>();
  const image = createEntry(reference, 'resolving', 0);
  let ended = false;

  function emit(entry: Entry, error?: CtrdError): void {
    if (ended || onProgress === undefined) return;
    entry.emittedAt = performance.now();
    const { ref, status, offset, total, startedAt } = entry;
    const sums = entry === image ? sumOf(blobs.values()) : { offset, total };
    const progress = { ref, status, ...sums, startedAt, updatedAt: new Date() };
    try {
      onProgress(error === undefined ? progress : { ...progress, error });
    } catch (thrown) {
      report({ source: `progress of ${reference}`, error: toCtrdError(thrown) });
    }
  }

  emit(image);
  return {
    image(status) {
      if (status === image.status) return;
      image.status = status;
      emit(image);
      ended ||= status === 'done';
    },
    blob(ref, total) {
      const entry = blobs.get(ref) ?? createEntry(ref, 'waiting', total);
      if (!blobs.has(ref)) {
        blobs.set(ref, entry);
        emit(entry);
      }
      return {
        status(status) {
          if (status === entry.status) return;
          entry.status = status;
          if (status === 'exists' || status === 'done') entry.offset = total;
          emit(entry);
        },
        offset(bytes) {
          entry.offset = bytes;
          if (performance.now() - entry.emittedAt >= intervalMs) emit(entry);
        },
      };
    },
    fail(error) {
      emit(image, error);
      ended = true;
    },
  };
}

interface Entry {
  readonly ref: string;
  readonly total: number;
  readonly startedAt: Date;
  status: PullStatus;
  offset: number;
  emittedAt: number;
}

function createEntry(ref: string, status: PullStatus, total: number): Entry {
  return { ref, status, total, offset: 0, startedAt: new Date(), emittedAt: 0 };
}

function sumOf(entries: Iterable<Entry>): { offset: number; total: number } {
  let offset = 0;
  let total = 0;
  for (const entry of entries) {
    offset += entry.offset;
    total += entry.total;
  }
  return { offset, total };
}
