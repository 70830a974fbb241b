import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dependent, dependencyOrder } from '../../src/kernel/dependency-order.js';

const item = (name: string, needs: string[], gives: string[]): Dependent => ({
  name,
  needs,
  gives,
});

describe('the order of starts', () => {
  it('has providers before those who need them, and otherwise stays', () => {
    const order = dependencyOrder([
      item('a', ['Z'], []),
      item('b', [], []),
      item('z', [], ['Z']),
      item('c', ['unknown'], []),
    ]);
    expect(order.map(({ name }) => name)).toEqual(['z', 'a', 'b', 'c']);
  });

  it('names a circle', () => {
    const circle = [item('a', ['B'], ['A']), item('b', ['A'], ['B'])];
    expect(() => dependencyOrder(circle)).toThrow(/a → b → a/);
  });

  it('holds for any graph without circles', () => {
    const edges = fc.array(fc.array(fc.nat()), { maxLength: 15 });
    fc.assert(
      fc.property(edges, fc.infiniteStream(fc.nat()), (choices, shuffle) => {
        const items = choices.map((needs, index) =>
          item(`${index}`, index === 0 ? [] : needs.map((need) => `p${need % index}`), [
            `p${index}`,
          ]),
        );
        const mixed = [...items].sort(
          () => (shuffle.next().value ?? 0) - (shuffle.next().value ?? 0),
        );
        const order = dependencyOrder(mixed);
        expect(order).toHaveLength(items.length);
        const place = new Map(order.map(({ gives }, index) => [gives[0], index]));
        for (const [index, { needs }] of order.entries()) {
          for (const need of needs) expect(place.get(need)).toBeLessThan(index);
        }
      }),
    );
  });
});
