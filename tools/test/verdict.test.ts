import { describe, expect, it } from 'vitest';
import { type FileResult, type JournalLine, type RunResult, runResult } from './journal.js';
import { outcomesOf } from './outcomes.js';
import { verdictOf } from './verdict.js';

const file = (name: string, states: Record<string, 'passed' | 'failed'>, errors: string[] = []) =>
  ({
    type: 'file',
    file: name,
    durationMs: 1,
    tests: Object.entries(states).map(([test, state]) => ({ name: test, state, errors: [] })),
    errors,
  }) satisfies JournalLine;

const end = { type: 'end', errors: [] } satisfies JournalLine;
const run = (...lines: JournalLine[]): RunResult =>
  runResult(lines, { exitCode: lines.some(isBad) ? 1 : 0, timedOut: false });
const isBad = (line: JournalLine) =>
  line.type === 'file' && line.tests.some(({ state }) => state === 'failed');
const again = (...results: FileResult[]) => new Map(results.map((one) => [one.file, one]));

describe('a verdict', () => {
  it('fails what fails in both runs', () => {
    const verdict = verdictOf(
      'unit',
      run(file('a', { one: 'passed', two: 'failed' }), end),
      again(file('a', { one: 'passed', two: 'failed' })),
    );
    expect(verdict).toMatchObject({ passed: 1, flaky: [], failed: [{ name: 'unit a > two' }] });
  });

  it('passes what passes in the second run, and calls it flaky', () => {
    const verdict = verdictOf(
      'unit',
      run(file('a', { two: 'failed' }), end),
      again(file('a', { two: 'passed' })),
    );
    expect(verdict).toMatchObject({ passed: 1, flaky: [{ name: 'unit a > two' }], failed: [] });
  });

  it('fails a file that had no second run', () => {
    const verdict = verdictOf('unit', run(file('a', { two: 'failed' }), end), again());
    expect(verdict.failed).toHaveLength(1);
  });

  it('fails a file whose import or hook fails twice, and forgives it once', () => {
    const first = run(file('a', {}, ['cannot import']), end);
    expect(verdictOf('unit', first, again(file('a', {}, ['again']))).failed).toHaveLength(1);
    const better = verdictOf('unit', first, again(file('a', { one: 'passed' })));
    expect(better).toMatchObject({ passed: 1, failed: [], flaky: [{ name: 'unit a' }] });
  });

  it('fails when the run ended badly and nothing tells why, unless all passes again', () => {
    const first = runResult([file('a', { one: 'passed' }), end], { exitCode: 1, timedOut: false });
    expect(first.errors).toEqual(['the run ended with 1']);
    expect(verdictOf('unit', first, again()).failed).toHaveLength(1);
    const repeated = verdictOf('unit', first, again(file('a', { one: 'passed' })));
    expect(repeated).toMatchObject({ passed: 1, failed: [], flaky: [{ name: 'unit' }] });
  });
});

describe('a journal', () => {
  it('lays a run that was stopped to the files that had not finished', () => {
    const result = runResult(
      [{ type: 'queued', file: 'a' }, { type: 'queued', file: 'b' }, file('a', { one: 'passed' })],
      { exitCode: null, timedOut: true },
    );
    expect(result.errors).toEqual([]);
    expect(result.files.map(({ errors }) => errors.length)).toEqual([0, 1]);
    expect(result.files[1]?.errors[0]).toContain('took too long');
  });

  it('lays uncaught errors to their file, or to the run', () => {
    const errors = [{ file: 'a', message: 'thrown late' }, { message: 'thrown anywhere' }];
    const result = runResult([file('a', { one: 'passed' }), { type: 'end', errors }], {
      exitCode: 1,
      timedOut: false,
    });
    expect(result.files[0]?.errors).toEqual(['thrown late']);
    expect(result.errors).toEqual(['thrown anywhere']);
  });
});

describe('outcomes', () => {
  it('tell what became of each test in both runs', () => {
    const first = run(
      file('a', { one: 'passed', two: 'failed', three: 'failed' }),
      file('b', { one: 'passed' }, ['cannot clean up']),
      file('c', { one: 'passed' }, ['cannot clean up']),
      end,
    );
    const second = again(
      file('a', { one: 'failed', two: 'passed', three: 'failed' }),
      file('c', { one: 'passed' }),
    );
    expect(outcomesOf(first, second)).toEqual({
      a: { one: 'passed', two: 'passed', three: 'failed' },
      b: { one: 'failed' },
      c: { one: 'passed' },
    });
  });
});
