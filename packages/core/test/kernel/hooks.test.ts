import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHooks } from '../../src/kernel/hooks.js';
import { changeMoment, moment } from '../../src/kernel/moment.js';
import type { Failure } from '../../src/kernel/report.js';

const ended = moment<number>('ended');
const before = changeMoment<readonly string[]>('before');
const context = { signal: new AbortController().signal };
const failures: Failure[] = [];
const registryOf = () => createHooks((failure) => failures.push(failure));
const hooks = () => registryOf().of('host');

describe('the handlers of a moment', () => {
  it('run one after the other, and a failing one stops none of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 10 }), async (fails) => {
        failures.length = 0;
        const registry = hooks();
        const log: string[] = [];
        for (const [index, failing] of fails.entries()) {
          registry.on(ended, async (value) => {
            log.push(`>${index}`);
            await Promise.resolve();
            log.push(`<${index}`);
            if (failing) throw new Error(`${index} of ${value}`);
          });
        }
        const seen = await registry.tell(ended, 7, context);
        expect(log).toEqual(fails.flatMap((_, index) => [`>${index}`, `<${index}`]));
        expect(seen).toHaveLength(fails.filter(Boolean).length);
        expect(failures.map(({ error }) => error)).toEqual(seen);
      }),
    );
  });

  it('can be taken away, also while they are being told', async () => {
    const all = registryOf();
    const registry = all.of('host');
    const log: number[] = [];
    const first = registry.on(ended, () => {
      log.push(1);
      first[Symbol.dispose]();
    });
    registry.on(ended, () => void log.push(2));
    await registry.tell(ended, 0, context);
    await registry.tell(ended, 0, context);
    expect(log).toEqual([1, 2, 2]);
    expect(all.owners()).toEqual({ ended: ['host'] });
  });

  it('are tried again as their policy says', async () => {
    const registry = hooks();
    let tries = 0;
    registry.on(
      ended,
      () => {
        tries += 1;
        if (tries < 3) throw new Error('not yet');
      },
      { attempts: 3 },
    );
    expect(await registry.tell(ended, 0, context)).toEqual([]);
    expect(tries).toBe(3);
  });

  it('are not waited for longer than their policy says', async () => {
    const registry = hooks();
    registry.on(ended, () => new Promise(() => {}), { timeoutMs: 5 });
    let told = false;
    registry.on(ended, () => {
      told = true;
    });
    expect(await registry.tell(ended, 0, context)).toMatchObject([{ code: 'timeout' }]);
    expect(told).toBe(true);
  });

  it('have a signal that ends with the time of their attempt, and with what waits for them', async () => {
    const registry = hooks();
    const signals: AbortSignal[] = [];
    registry.on(
      ended,
      (_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      { timeoutMs: 5 },
    );
    await registry.tell(ended, 0, context);
    expect(signals[0]?.reason).toMatchObject({ code: 'timeout' });
    await registry.tell(ended, 0, { signal: AbortSignal.abort('over') });
    expect(signals[1]?.reason).toBe('over');
  });

  it('must be functions', () => {
    expect(() => hooks().on(ended, 'no' as never)).toThrow(/handler of ended must be a function/);
  });
});

describe('a value that handlers may change', () => {
  it('goes through them in order', async () => {
    const registry = hooks();
    registry.onChange(before, (list) => [...list, 'a']);
    registry.onChange(before, async (list) => [...list, 'b']);
    expect(await registry.change(before, ['0'], context)).toEqual(['0', 'a', 'b']);
  });

  it('fails with the first handler that does, or that answers nothing', async () => {
    const failing = hooks();
    failing.onChange(before, () => {
      throw new Error('refused');
    });
    await expect(failing.change(before, [], context)).rejects.toThrow('refused');
    const silent = hooks();
    silent.onChange(before, (() => undefined) as never);
    await expect(silent.change(before, [], context)).rejects.toThrow(/must answer the value/);
  });
});
