import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/kernel/report.js';
import { createRollback } from '../../src/kernel/rollback.js';

describe('a rollback', () => {
  it('undoes what was not committed, the last first, whatever fails', async () => {
    const log: string[] = [];
    const failures: Failure[] = [];
    const steps = async () => {
      await using rollback = createRollback((failure) => failures.push(failure));
      rollback.add('one', async () => log.push('one'));
      rollback.add('two', async () => {
        throw new Error('stuck');
      });
      rollback.add('three', async (signal) => log.push(`three ${signal.aborted}`));
      throw new Error('the reason');
    };
    await expect(steps()).rejects.toThrow('the reason');
    expect(log).toEqual(['three false', 'one']);
    expect(failures).toMatchObject([{ source: 'undoing: two', error: { rawMessage: 'stuck' } }]);
  });

  it('undoes nothing after a commit, and nothing twice', async () => {
    const log: string[] = [];
    const rollback = createRollback(() => {});
    rollback.add('one', async () => log.push('one'));
    rollback.commit();
    rollback.add('two', async () => log.push('two'));
    await rollback[Symbol.asyncDispose]();
    await rollback[Symbol.asyncDispose]();
    expect(log).toEqual(['two']);
  });
});
