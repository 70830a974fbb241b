import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestSpecification } from 'vitest/node';
import type { JournalLine, TestRecord } from './journal.js';

/**
 * Writes what became of every file as soon as it is known, so that a run that hangs or crashes
 * still tells what it had done. The file's path comes in `CTRD_TEST_JOURNAL`.
 */
export default class JournalReporter implements Reporter {
  onTestRunStart(specifications: readonly TestSpecification[]): void {
    for (const { moduleId } of specifications) write({ type: 'queued', file: fileOf(moduleId) });
  }

  onTestModuleEnd(module: TestModule): void {
    const suites = [...module.children.allSuites()];
    write({
      type: 'file',
      file: fileOf(module.moduleId),
      durationMs: Math.round(module.diagnostic().duration),
      tests: [...module.children.allTests()].map((test): TestRecord => {
        const result = test.result();
        const state = result.state === 'pending' ? 'failed' : result.state;
        return { name: test.fullName, state, errors: messages(result.errors) };
      }),
      errors: messages([module, ...suites].flatMap((suite) => suite.errors())),
    });
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    write({
      type: 'end',
      errors: errors.map((error) => {
        const path: unknown = error['VITEST_TEST_PATH'];
        const message = messages([error])[0] ?? 'an error without a message';
        return typeof path === 'string' ? { file: fileOf(path), message } : { message };
      }),
    });
  }
}

const write = (line: JournalLine): void =>
  appendFileSync(process.env['CTRD_TEST_JOURNAL'] ?? '/dev/null', `${JSON.stringify(line)}\n`);

const fileOf = (path: string): string => relative(process.cwd(), path);

function messages(errors: readonly SerializedError[] | undefined): string[] {
  return (errors ?? []).map((error) => {
    const cause = error.cause === undefined ? '' : `\ncaused by: ${error.cause.message}`;
    const stack = (error.stack ?? error.message).replace(/\n\s+at .*node_modules.*/g, '');
    return `${stack}${cause}\n${error['diff'] ?? ''}`.trimEnd();
  });
}
