/** A line of a log in Docker's `json-file` format, which nerdctl writes as well. */
export interface LogLine {
  readonly text: string;
  readonly stream: 'stdout' | 'stderr';
  readonly time: Date;
}

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
