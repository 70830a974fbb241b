import type { Rpc } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import type { RestartOption } from '../../src/container-options.js';
import { checkMonitor } from '../../src/lifecycle/restart-monitor.js';

interface Plugin {
  readonly capabilities: readonly string[];
  readonly initErr?: { readonly message: string };
}

/** Asks a daemon that has these plugins by the name of the monitor. */
function check(plugins: readonly Plugin[], policy: RestartOption['policy'] | undefined) {
  const rpc = { client: () => ({ plugins: async () => ({ plugins }) }) } as unknown as Rpc;
  const restart = policy === undefined ? undefined : { policy };
  return checkMonitor(rpc, restart, AbortSignal.timeout(10_000));
}

const refused = { code: 'unimplemented', field: 'restart' };
const old = { capabilities: [] };
const recent = { capabilities: ['no', 'always', 'on-failure', 'unless-stopped'] };

describe('a restart policy', () => {
  it.each(['unless-stopped', 'on-failure', 'on-failure:3'] as const)(
    '%s is only for a monitor that knows it',
    async (policy) => {
      await expect(check([recent], policy)).resolves.toBeUndefined();
      await expect(check([old], policy)).rejects.toMatchObject(refused);
    },
  );

  it('always is for every monitor, but one must be there and work', async () => {
    await expect(check([old], 'always')).resolves.toBeUndefined();
    await expect(check([], 'always')).rejects.toMatchObject(refused);
    const broken = { ...recent, initErr: { message: 'no' } };
    await expect(check([broken], 'always')).rejects.toMatchObject(refused);
    await expect(check([], undefined)).resolves.toBeUndefined();
  });
});
