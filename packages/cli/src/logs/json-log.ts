/** A line of a log in Docker's `json-file` format, which nerdctl and our own logger write as well. */
export interface LogLine {
  readonly text: string;
  readonly stream: StreamName;
  readonly time: Date;
}

export type StreamName = 'stdout' | 'stderr';

/** Reads one. Undefined for a line that is none: it was cut by a crash, for instance. */
export function parseJsonLine(line: string): LogLine | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    const at = new Date(time);
    if (Number.isNaN(at.getTime())) return undefined;
    return { text: log, stream: stream === 'stderr' ? 'stderr' : 'stdout', time: at };
  } catch {
    return undefined;
  }
}

/** As in Docker's logs, what is longer goes into several entries, of which only the last has a break. */
const entryLength = 16_384;

/** Makes such lines of what a process writes to one of its streams. */
export interface JsonLines {
  /** The lines that are complete with these bytes. */
  of(bytes: Uint8Array, time: Date): string;
  /** What is left at the end. */
  rest(time: Date): string;
}

export function jsonLines(stream: StreamName): JsonLines {
  const decoder = new TextDecoder();
  let begun = '';
  const entry = (log: string, time: Date) =>
    log === '' ? '' : `${JSON.stringify({ log, stream, time })}\n`;
  return {
    of(bytes, time) {
      const lines = (begun + decoder.decode(bytes, { stream: true })).split('\n');
      begun = lines.pop() ?? '';
      let made = lines.map((line) => entry(`${line}\n`, time)).join('');
      while (begun.length >= entryLength) {
        made += entry(begun.slice(0, entryLength), time);
        begun = begun.slice(entryLength);
      }
      return made;
    },
    rest(time) {
      const left = begun + decoder.decode();
      begun = '';
      return entry(left, time);
    },
  };
}
