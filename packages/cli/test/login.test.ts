import type * as client from '@ctrd/client';
import { CtrdError, type ErrorCode } from '@ctrd/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { login, registryOf } from '../src/commands/login.js';
import type { LocalContext } from '../src/context.js';

const registry = vi.hoisted(() => ({ answer: async () => {}, store: async () => 'a file' }));
vi.mock('@ctrd/client', async (original) => ({
  ...(await original<typeof client>()),
  checkLogin: () => registry.answer(),
  storeLogin: () => registry.store(),
}));
vi.mock('../src/login/ask.js', () => ({ secretFromInput: async () => 'secret' }));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the registry of a login', () => {
  it.each([
    [undefined, 'docker.io'],
    ['docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://registry.example/v2/', 'registry.example'],
    ['127.0.0.1:5000', '127.0.0.1:5000'],
  ])('that is given as %s is %s', (given, host) => {
    expect(registryOf(given)).toBe(host);
  });
});

describe('a login that the registry does not take', () => {
  const { signal } = new AbortController();
  const exit = vi.fn();
  const context = { signal, exit } as unknown as LocalContext;
  const asked = (code: ErrorCode) => {
    registry.answer = () => Promise.reject(new CtrdError('no', { code }));
    return login(['registry.example'], { username: 'me', passwordStdin: true }, context);
  };

  it.each(['unauthenticated', 'permission-denied'] as const)(
    'ends with 1 and is not stored: %s',
    async (code) => {
      exit.mockClear();
      const stored = vi.spyOn(registry, 'store');
      const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      await asked(code);
      expect(exit).toHaveBeenCalledExactlyOnceWith(1);
      expect(said).toHaveBeenCalledWith(expect.stringContaining('nothing is stored'));
      expect(stored).not.toHaveBeenCalled();
    },
  );

  it('is not said of one that cannot be asked', async () => {
    await expect(asked('unavailable')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
