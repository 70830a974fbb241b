import { readFile } from 'node:fs/promises';

/** What became of one test. */
export interface TestRecord {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Messages of what went wrong. */
  readonly errors: readonly string[];
}

/** One line of the journal that {@link file://./journal-reporter.ts} writes. */
export type JournalLine =
  /** A file that is going to run. */
  | { readonly type: 'queued'; readonly file: string }
  /** A file that has run; `errors` are those outside of tests: imports, hooks of suites. */
  | {
      readonly type: 'file';
      readonly file: string;
      readonly durationMs: number;
      readonly tests: readonly TestRecord[];
      readonly errors: readonly string[];
    }
  /** The regular end; errors that nobody caught, with their file where it is known. */
  | { readonly type: 'end'; readonly errors: readonly { file?: string; message: string }[] };

/** A file's fate in one run. */
export interface FileResult {
  readonly file: string;
  readonly durationMs: number;
  readonly tests: readonly TestRecord[];
  /** Not of a test: the import, a suite's hook, an uncaught error, a run that never ended. */
  readonly errors: readonly string[];
}

/** One run of vitest over one project. */
export interface RunResult {
  readonly files: readonly FileResult[];
  /** What cannot be laid to any file. */
  readonly errors: readonly string[];
}

/**
 * Reads the journal of a run. A file that was queued and has not finished has failed, and so has a
 * run that did not end by itself or ended badly without saying why.
 */
export async function readJournal(
  path: string,
  { exitCode, timedOut }: { exitCode: number | null; timedOut: boolean },
): Promise<RunResult> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return runResult(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalLine),
    { exitCode, timedOut },
  );
}

/** See {@link readJournal}. */
export function runResult(
  lines: readonly JournalLine[],
  { exitCode, timedOut }: { exitCode: number | null; timedOut: boolean },
): RunResult {
  const files = new Map<string, FileResult>();
  const errors: string[] = [];
  const how = timedOut ? 'took too long and was stopped' : `ended with ${exitCode ?? 'a signal'}`;
  for (const line of lines) {
    if (line.type === 'queued') {
      files.set(line.file, {
        file: line.file,
        durationMs: 0,
        tests: [],
        errors: [`the file did not finish: the run ${how}`],
      });
    } else if (line.type === 'file') {
      files.set(line.file, line);
    } else {
      for (const { file, message } of line.errors) {
        const result = file === undefined ? undefined : files.get(file);
        if (result === undefined) errors.push(message);
        else files.set(result.file, { ...result, errors: [...result.errors, message] });
      }
    }
  }
  const ended = lines.some((line) => line.type === 'end');
  const explained = errors.length > 0 || [...files.values()].some(hasFailed);
  if (!explained && (!ended || exitCode !== 0)) errors.push(`the run ${how}`);
  return { files: [...files.values()], errors };
}

/** Whether a file has to be run again. */
export function hasFailed({ tests, errors }: FileResult): boolean {
  return errors.length > 0 || tests.some(({ state }) => state === 'failed');
}
