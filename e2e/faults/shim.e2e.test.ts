import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeze, isAlive, namespaceOf, shims, waitFor } from '../support/index.js';
import { type Fixture, makeFixture, withClient } from './fixture.js';

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

beforeAll(async () => {
  fixture = await makeFixture(namespace);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

const quiet = { stdio: 'null' } as const;

async function shimOf(id: string): Promise<number> {
  const found = (await shims()).find((shim) => shim.namespace === namespace && shim.id === id);
  if (found === undefined) throw new Error(`${id} has no shim`);
  return found.pid;
}

describe('a shim is killed', { timeout: 60_000 }, () => {
  it('the exit is lost, told once, with 255 and a reason; the id can be used again', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      for (let life = 0; life < 2; life += 1) {
        const job = await client.createContainer(fixture.sh('orphan', 'sleep 600', quiet));
        process.kill(await shimOf('orphan'), 'SIGKILL');
        expect(await job.wait()).toMatchObject({ exitCode: 255, lost: expect.any(String) });
        // The daemon ends what the shim left running.
        await waitFor(async () => !(await isAlive(job.pid)));
        expect(exits).toHaveLength(life + 1);
        await job.destroy();
      }
    });
  });

  it('while the daemon is away: lost as well, when that is back', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const job = await client.createContainer(fixture.sh('both', 'sleep 600', quiet));
      const shim = await shimOf('both');
      await fixture.daemon.kill();
      process.kill(shim, 'SIGKILL');
      await fixture.daemon.start();
      expect(await job.wait()).toMatchObject({ exitCode: 255, lost: expect.any(String) });
      await waitFor(async () => !(await isAlive(job.pid)));
      expect(exits).toHaveLength(1);
      await job.destroy();
    });
  });
});

describe('a shim is stopped without ending', { timeout: 60_000 }, () => {
  it('its container’s calls end at their time limit, others go on, its exit is told later', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const script = 'until [ -e /host/hung ]; do sleep 0.05; done; exit 6';
      const hung = await client.createContainer(fixture.sh('hung', script, quiet));
      const other = await client.createContainer(fixture.sh('other', 'sleep 600', quiet));
      const shim = await shimOf('hung');
      await freeze(shim);
      try {
        const late = hung.exec({ args: ['true'], timeoutMs: 500 });
        await expect(late).rejects.toMatchObject({ code: 'timeout' });
        expect((await other.run({ args: ['echo', 'well'] })).stdout.toString()).toBe('well\n');
        const listed = (await client.listContainers()).map(({ id, status }) => [id, status]);
        expect(listed).toContainEqual(['other', 'running']);
        expect(listed.map(([id]) => id).sort()).toEqual(['hung', 'other']);
        await fixture.touch('hung');
      } finally {
        process.kill(shim, 'SIGCONT');
      }
      expect(await hung.wait()).toMatchObject({ exitCode: 6 });
      expect(exits.map(({ containerId }) => containerId)).toEqual(['hung']);
      await hung.destroy();
      await other.destroy({ graceMs: 0 });
    });
  });
});

describe('a deletion is cut off', { timeout: 60_000 }, () => {
  it('by a client that dies in it: the shim that the daemon forgets is ended by the next', async () => {
    await withClient(
      fixture,
      async ({ client }) => {
        const stuck = client.setExitHooks(() => new Promise(() => {}));
        for (let index = 0; index < 12; index += 1) {
          const id = `cut-${index}`;
          await client.createContainer(fixture.sh(id, 'exit 3', quiet));
          await waitFor(async () => (await client.getContainer(id)).status === 'stopped');
          const cut = fixture.daemon.ctr(
            '--timeout',
            `${1 + index}ms`,
            '-n',
            namespace,
            'tasks',
            'rm',
            id,
          );
          await cut.catch(() => {});
        }
        stuck[Symbol.dispose]();
      },
      { leaves: true },
    );
    await withClient(
      fixture,
      async ({ client }) => {
        for (let index = 0; index < 12; index += 1) await client.destroyContainer(`cut-${index}`);
      },
      { leaves: true },
    );
    await waitFor(async () => (await shims()).every((shim) => shim.namespace !== namespace));
  });
});

describe('containers share a shim', { timeout: 60_000 }, () => {
  it('of which the first is destroyed: the end of another that nobody was told of yet is not lost', async () => {
    const before = await fixture.oracle.count();
    const shared = { ...quiet, shimGroup: 'first' };
    await withClient(
      fixture,
      async ({ client }) => {
        const until = (id: string, code: number) =>
          `until [ -e /host/${id} ]; do sleep 0.05; done; exit ${code}`;
        const first = await client.createContainer(fixture.sh('first', until('first', 1), shared));
        await client.createContainer(fixture.sh('second', until('second', 8), shared));
        await fixture.touch('first');
        await first.wait();
      },
      { leaves: true },
    );
    await fixture.touch('second');
    await withClient(
      fixture,
      async ({ client, exits }) => {
        const ended = async () => (await client.getContainer('second')).status === 'stopped';
        await waitFor(ended);
        await client.destroyContainer('first');
        const job = await client.recoverContainer('second');
        expect(await job.wait()).toMatchObject({ exitCode: 8 });
        expect(exits).toHaveLength(1);
        await job.destroy();
      },
      { leaves: true },
    );
    await fixture.oracle.expectNothingLeft(before);
  });
});

describe('the runtime fails', { timeout: 60_000 }, () => {
  it.each(['create', 'start'])('in its %s: the call fails, and nothing is left', async (verb) => {
    await withClient(fixture, async ({ client, exits }) => {
      const runc = join(fixture.shared, `runc-${verb}`);
      await writeFile(runc, failingRunc(verb));
      await chmod(runc, 0o755);
      const options = fixture.sh(`fails-${verb}`, 'sleep 600', quiet);
      const made = client.createContainer({
        ...options,
        runtime: { name: 'io.containerd.runc.v2', binaryName: runc },
      });
      await expect(made).rejects.toMatchObject({ operation: 'createContainer' });
      expect(await readFile(`${runc}.failed`, 'utf8')).toBe(`${verb}\n`);
      expect(exits).toEqual([]);
    });
  });

  it('in its start, with the process: the call fails, and no exit is told of what never ran', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const runc = join(fixture.shared, 'runc-killing');
      await writeFile(runc, killingRunc);
      await chmod(runc, 0o755);
      const made = client.createContainer({
        ...fixture.sh('dies-in-start', 'sleep 600', quiet),
        runtime: { name: 'io.containerd.runc.v2', binaryName: runc },
      });
      await expect(made).rejects.toMatchObject({ operation: 'createContainer' });
      expect(await readFile(`${runc}.killed`, 'utf8')).toBe('start\n');
      expect(exits).toEqual([]);
    });
  });
});

/** A runc that fails one of its commands, and notes it. */
const failingRunc = (verb: string): string => `#!/bin/sh
for word in "$@"; do
  if [ "$word" = ${verb} ]; then echo ${verb} >> "$0.failed"; echo no >&2; exit 1; fi
done
exec runc "$@"
`;

/** A runc whose start ends the process and then fails, a moment after its end is known. */
const killingRunc = `#!/bin/sh
for word in "$@"; do
  if [ "$word" != start ]; then continue; fi
  echo start >> "$0.killed"
  runc $(echo "$@" | sed 's/ start / kill /') KILL
  sleep 0.3
  exit 1
done
exec runc "$@"
`;
