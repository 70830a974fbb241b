import { expect, it } from 'vitest';
import { unheeded } from '../src/terminal/attach.js';

it('a program is ended by the third of three signals that were to end it, if they came soon', () => {
  let clock = 0;
  const isUnheeded = unheeded(() => clock);
  const at = (seconds: number, name: NodeJS.Signals) => {
    clock = seconds * 1000;
    return isUnheeded(name);
  };
  expect([at(0, 'SIGINT'), at(6, 'SIGUSR1'), at(6, 'SIGHUP'), at(7, 'SIGTERM')]).not.toContain(
    true,
  );
  expect(at(11, 'SIGINT')).toBe(false);
  expect(at(12, 'SIGINT')).toBe(true);
});
