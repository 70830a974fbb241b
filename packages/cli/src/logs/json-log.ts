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
  /** What is too long for an entry goes into some; answers them, and the part that is left. */
  const cut = (text: string, time: Date) => {
    let [made, left] = ['', text];
    while (left.length >= entryLength) {
      const end = isHighSurrogate(left.charCodeAt(entryLength - 1)) ? entryLength - 1 : entryLength;
      made += entry(left.slice(0, end), time);
      left = left.slice(end);
    }
    return { made, left };
  };
  return {
    of(bytes, time) {
      const lines = (begun + decoder.decode(bytes, { stream: true })).split('\n');
      const last = cut(lines.pop() ?? '', time);
      begun = last.left;
      const complete = lines.map((line) => {
        const { made, left } = cut(`${line}\n`, time);
        return made + entry(left, time);
      });
      return complete.join('') + last.made;
    },
    rest(time) {
      const left = begun + decoder.decode();
      begun = '';
      return entry(left, time);
    },
  };
}

/** The first of two units that are one character: alone, neither could be written. */
const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
