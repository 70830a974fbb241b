import { expect, it } from 'vitest';
import { leakOracle, namespaceOf } from '../support/index.js';
import { type ChaosSize, chaos } from './chaos.js';
import { makeFixture } from './fixture.js';
import { bundleHost } from './host-process.js';

/** `npm run chaos` runs the full one. */
const full: ChaosSize = { containers: 300, daemonKills: 20, shimKills: 10, hostKills: 5 };
const small: ChaosSize = { containers: 20, daemonKills: 3, shimKills: 2, hostKills: 1 };
const size = process.env['CTRD_CHAOS'] === 'full' ? full : small;
const seed = Number(process.env['CTRD_CHAOS_SEED'] ?? 1);

it('exits are counted once, with their true codes, while daemon, shims and host are killed', {
  timeout: 900_000,
}, async () => {
  const namespace = namespaceOf(import.meta.url);
  await using fixture = await makeFixture(namespace);
  const program = await bundleHost(fixture.shared);
  // A runc that is killed leaves cgroups; a containerd, folders that it was about to remove.
  const oracle = leakOracle(fixture.daemon, namespace, { except: /^(cgroup |bundle \.)/ });
  const before = await oracle.count();
  const result = await chaos({ ...fixture, oracle, program }, size, seed);
  console.log(`seed ${seed}: ${JSON.stringify(result)}`);
  expect(result.wrong).toEqual([]);
  expect(result.told).toBeGreaterThan(size.containers / 4);
  await oracle.expectNothingLeft(before);
});
