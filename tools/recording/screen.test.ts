import { expect, it } from 'vitest';
import { createScreen } from './screen.js';

it('shows what a terminal shows', () => {
  const screen = createScreen();
  screen.write('one\r\ntwo\r\n');
  screen.write('\u001b[1A\r\u001b[2KTWO\n\u001b[Jthree \u001b[32mgreen\u001b[39m');
  expect(screen.text).toBe('one\nTWO\n   three green');
  screen.write('\r/ # \u001b[6n\r/ # \u001b[J');
  expect(screen.text).toBe('one\nTWO\n/ #');
});
