import { describe, expect, it } from 'vitest';
import { signalNumber } from '../src/lifecycle/signals.js';

describe('signalNumber', () => {
  it.each([
    ['SIGTERM', 15],
    ['TERM', 15],
    ['sigkill', 9],
    ['9', 9],
    [10, 10],
    ['SIGRTMIN', 34],
    ['RTMIN+3', 37],
    ['SIGRTMAX-1', 63],
  ])('knows %s as %i', (name, number) => {
    expect(signalNumber(name)).toBe(number);
  });

  it.each(['', 'SIGNOPE', '0', 0, 65, -1, 1.5, Number.NaN, 'RTMIN-1', 'RTMIN+31', '1e1', ' 9'])(
    'refuses %j, naming the field',
    (name) => {
      expect(() => signalNumber(name, 'stopSignal')).toThrow(
        expect.objectContaining({ code: 'invalid-argument', field: 'stopSignal' }),
      );
    },
  );
});
