import 'reflect-metadata';
import { container } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import { bind, contribute } from '../../src/di/binding.js';
import { createScope } from '../../src/di/scope.js';
import { contributions, type Token, token } from '../../src/di/token.js';

interface Named {
  readonly name: string;
}

const A: Token<Named, 'A'> = token('A', { from: 'a() of @ctrd/a' });
const B: Token<Named, 'B'> = token('B');

describe('the parts of a client', () => {
  it('are made once, when they are first asked for', () => {
    const scope = createScope();
    let count = 0;
    scope.bind(
      bind(A, () => {
        count += 1;
        return { name: 'a' };
      }),
    );
    expect(count).toBe(0);
    expect(scope.get(A)).toBe(scope.get(A));
    expect(count).toBe(1);
  });

  it('name what is missing, who asked for it, and what to add', () => {
    const scope = createScope();
    scope.bind(bind(B, (parts) => parts.get(A)));
    expect(scope.find(A)).toBeUndefined();
    expect(() => scope.get(B)).toThrow(
      expect.objectContaining({
        code: 'failed-precondition',
        message: 'A: nothing provides A, which B needs: add a() of @ctrd/a',
      }),
    );
  });

  it('name the circle when they need each other', () => {
    const scope = createScope();
    scope.bind(bind(A, (parts) => parts.get(B)));
    scope.bind(bind(B, (parts) => parts.get(A)));
    expect(() => scope.get(A)).toThrow(/A → B → A/);
  });

  it('can be made again after they failed once', () => {
    const scope = createScope();
    let broken = true;
    scope.bind(
      bind(A, () => {
        if (broken) throw new Error('not yet');
        return { name: 'a' };
      }),
    );
    expect(() => scope.get(A)).toThrow('not yet');
    broken = false;
    expect(scope.get(A)).toEqual({ name: 'a' });
  });

  it('are given back in reverse order, whatever fails, but not what the host owns', async () => {
    const scope = createScope();
    const order: string[] = [];
    const part = (name: string, fails = false) => ({
      name,
      [Symbol.dispose]() {
        order.push(name);
        if (fails) throw new Error(name);
      },
    });
    scope.bind(bind(A, () => part('a')));
    scope.bind(bind(B, (parts) => ({ ...parts.get(A), ...part('b', true) })));
    const C: Token<Named, 'C'> = token('C');
    scope.bind({ ...bind(C, () => part('c')), owned: false });
    scope.get(C);
    scope.get(B);
    await expect(scope[Symbol.asyncDispose]()).rejects.toThrow('parts could not be given back');
    expect(order).toEqual(['b', 'a']);
    await scope[Symbol.asyncDispose]();
  });

  it('come from the host’s container when no plugin provides them', () => {
    const parent = container.createChildContainer();
    parent.registerInstance(A.key, { name: 'of the host' });
    expect(createScope(parent).get(A)).toEqual({ name: 'of the host' });
    expect(createScope().has(A)).toBe(false);
  });

  it('are lists where many contribute', () => {
    const Names = contributions<string>('Names');
    const scope = createScope();
    expect(scope.all(Names)).toEqual([]);
    for (const name of ['one', 'two']) {
      const { to, make } = contribute(Names, () => name);
      scope.contribute(to, make);
    }
    expect(scope.all(Names)).toEqual(['one', 'two']);
  });
});
