import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { debianPackage } from '../../tools/debian/index.js';
import { freeze, leakOracle, namespaceOf, shims, waitFor } from '../support/index.js';
import { connect, type Fixture, makeFixture, withClient } from './fixture.js';
import {
  bundleHost,
  type Host,
  type HostSetup,
  hostEnded,
  readLedger,
  startHost,
} from './host-process.js';

let fixture: Fixture;
const namespace = namespaceOf(import.meta.url);

let program: string;

beforeAll(async () => {
  fixture = await makeFixture(namespace);
  program = await bundleHost(fixture.shared);
});

afterAll(() => fixture?.[Symbol.asyncDispose]());

let scenes = 0;

/** Hosts of one scene, which share a ledger; nothing may be left of it. */
async function withHosts(
  run: (
    start: (setup?: Partial<HostSetup>, env?: Readonly<Record<string, string>>) => Promise<Host>,
    ledger: string,
    own: string,
  ) => Promise<void>,
  except?: RegExp,
): Promise<void> {
  scenes += 1;
  const own = `${namespace}-${scenes}`;
  const oracle = leakOracle(fixture.daemon, own, except === undefined ? {} : { except });
  const before = await oracle.count();
  const ledger = join(fixture.shared, `ledger-${scenes}`);
  const { address, runtimeDir } = fixture.daemon;
  const hosts: Host[] = [];
  const start = async (setup: Partial<HostSetup> = {}, env = {}) => {
    const all = { address, runtimeDir, namespace: own, ledger, ...setup };
    const host = await startHost(program, all, env);
    hosts.push(host);
    return host;
  };
  try {
    await run(start, ledger, own);
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
  }
  await oracle.expectNothingLeft(before);
}

const told = (ledger: string, count: number) =>
  waitFor(async () => {
    const exits = await readLedger(ledger);
    return exits.length >= count && exits;
  });

const codeOf = (containerId: string, execId: string, exitCode: number) =>
  expect.objectContaining({ containerId, execId, exitCode });

describe('the host is killed', { timeout: 120_000 }, () => {
  it('while output flows: the next one goes on reading, no line is lost, the exit is told once', async () => {
    await withHosts(async (start, ledger) => {
      const output = join(fixture.shared, 'lines');
      const lines = 20_000;
      // With pauses: the host is killed in the middle, however fast the machine is.
      const pause = '[ $((i % 1000)) -ne 0 ] || sleep 0.2';
      const script = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo $i; ${pause}; done; exit 5`;
      const first = await start({ output });
      await first.send({ do: 'create', options: fixture.sh('lines', script) });
      await waitFor(async () => (await readFile(output, 'utf8')).length > 1_000);
      await first.kill();
      const second = await start({ output });
      expect(await second.recover()).toEqual([{ id: 'lines', recovered: true }]);
      expect(await told(ledger, 1)).toEqual([codeOf('lines', '', 5)]);
      // What the first host had read and not yet written died with it; the pipe has lost nothing.
      const got = await waitFor(async () => {
        const numbers = (await readFile(output, 'utf8')).split('\n').filter(Boolean).map(Number);
        return numbers.at(-1) === lines && numbers;
      });
      expect(got.filter((n, index) => index > 0 && n < Number(got[index - 1]))).toEqual([]);
      await second.send({ do: 'destroy', id: 'lines' });
    });
  });

  it('and processes end while there is none: each exit is told once, by the next', async () => {
    await withHosts(async (start, ledger, own) => {
      const first = await start();
      const options = { stdio: 'null' } as const;
      const until = (name: string) => `until [ -e /host/${name} ]; do sleep 0.05; done`;
      await first.send({
        do: 'create',
        options: fixture.sh('long', `${until('end-long')}; exit 8`, options),
      });
      await first.send({
        do: 'create',
        options: fixture.sh('short', `${until('over')}; exit 9`, options),
      });
      const exec = (execId: string, script: string) =>
        first.send({ do: 'exec', id: 'long', execId, args: ['sh', '-c', script] });
      await exec('ends', `${until('over')}; exit 3`);
      await exec('stays', `${until('go')}; exit 4`);
      await first.kill();
      await fixture.touch('over');
      const { client } = await connect(fixture.daemon, own);
      await waitFor(async () => (await client.getContainer('short')).status === 'stopped');
      await client.close();
      const second = await start();
      const recovered = [...(await second.recover())].sort((a, b) => a.id.localeCompare(b.id));
      expect(recovered).toEqual([
        { id: 'long', recovered: true },
        { id: 'short', recovered: true },
      ]);
      await told(ledger, 2);
      await fixture.touch('go');
      await told(ledger, 3);
      await fixture.touch('end-long');
      const exits = await told(ledger, 4);
      expect(exits).toHaveLength(4);
      expect(exits).toEqual(
        expect.arrayContaining([
          ...[codeOf('short', '', 9), codeOf('long', 'ends', 3)],
          ...[codeOf('long', 'stays', 4), codeOf('long', '', 8)],
        ]),
      );
      await second.kill();
      const third = await start();
      expect(await third.recover()).toEqual(
        expect.arrayContaining([
          { id: 'short', recovered: false, exit: expect.objectContaining({ exitCode: 9 }) },
        ]),
      );
      for (const id of ['short', 'long']) await third.send({ do: 'destroy', id });
      expect(await readLedger(ledger)).toHaveLength(4);
    });
  });

  it('between create and start: the next one starts it', async () => {
    await withHosts(async (start, ledger) => {
      const first = await start();
      const options = { start: false, stdio: 'null' } as const;
      await first.send({ do: 'create', options: fixture.sh('made', 'exit 6', options) });
      await first.kill();
      const second = await start();
      expect(await second.recover()).toEqual([{ id: 'made', recovered: true }]);
      await second.send({ do: 'start', id: 'made' });
      expect(await told(ledger, 1)).toEqual([codeOf('made', '', 6)]);
      await second.send({ do: 'destroy', id: 'made' });
    });
  });

  it.each([
    ['before', 'touch "$0.here"; sleep 0.3; runc "$@"'],
    ['after', 'runc "$@"; touch "$0.here"; sleep 0.3'],
  ])(
    'with the daemon, while a container is made, %s the runtime’s part: it goes with all that belongs to it',
    async (when, part) => {
      await withHosts(async (start) => {
        const runc = join(fixture.shared, `runc-${when}`);
        const create = `case " $* " in *" create "*) ${part}; touch "$0.done";; *) exec runc "$@";; esac`;
        await writeFile(runc, `#!/bin/sh\n${create}\n`, { mode: 0o755 });
        const first = await start();
        const runtime = { name: 'io.containerd.runc.v2', binaryName: runc };
        const options = fixture.sh('torn', 'sleep 600', { stdio: 'null', runtime });
        const making = first.send({ do: 'create', options });
        await Promise.all([
          expect(making).rejects.toThrow(hostEnded),
          waitFor(() => readFile(`${runc}.here`)).then(() =>
            Promise.all([first.kill(), fixture.daemon.kill()]),
          ),
        ]);
        await fixture.daemon.start();
        const second = await start();
        await second.send({ do: 'destroy', id: 'torn' });
      });
    },
  );

  it('in a handler, with the daemon away: the exit that only the shim told is in the journal', async () => {
    await withHosts(async (start, ledger) => {
      const first = await start({ stuck: true });
      const untilEnd = 'until [ -e /host/end ]; do sleep 0.05; done; exit 42';
      await first.send({
        ...{ do: 'create', options: fixture.sh('noted', untilEnd, { stdio: 'null' }) },
      });
      await fixture.daemon.kill();
      await fixture.touch('end');
      await waitFor(() => first.stuck.length > 0, { what: 'the handler has begun' });
      await first.kill();
      await fixture.daemon.start();
      const second = await start();
      expect(await second.recover()).toEqual([{ id: 'noted', recovered: true }]);
      expect(await told(ledger, 1)).toEqual([codeOf('noted', '', 42)]);
      await second.send({ do: 'destroy', id: 'noted' });
    });
  });

  it('with the daemon, and a process ends: its code where containerd kept it, else lost', async () => {
    await withHosts(async (start, ledger) => {
      const first = await start();
      const script = 'until [ -e /host/both ]; do sleep 0.05; done; touch /host/ended; exit 7';
      await first.send({
        ...{ do: 'create', options: fixture.sh('both', script, { stdio: 'null' }) },
      });
      await first.kill();
      await fixture.daemon.kill();
      await fixture.touch('both');
      await waitFor(async () => (await readFile(join(fixture.shared, 'ended'))) !== undefined);
      // The file is there a moment before the process has ended.
      const [shim] = (await shims()).filter(({ id }) => id === 'both');
      await waitFor(async () => {
        const children = `/proc/${shim?.pid}/task/${shim?.pid}/children`;
        return (await readFile(children, 'utf8')).trim() === '';
      });
      await fixture.daemon.start();
      const second = await start();
      expect(await second.recover()).toEqual([{ id: 'both', recovered: true }]);
      const lost = { exitCode: 255, lost: expect.any(String) };
      expect(await told(ledger, 1)).toEqual([
        expect.objectContaining(inject('line') === '1.6' ? { exitCode: 7 } : lost),
      ]);
      await second.send({ do: 'destroy', id: 'both' });
    });
  });
});

describe('two hosts', { timeout: 60_000 }, () => {
  it('that make, start and destroy one container at once: each call is done or says why not', async () => {
    await withHosts(async (start) => {
      const [first, second] = await Promise.all([start(), start()]);
      const options = fixture.sh('raced', 'exit 3', { stdio: 'null', start: false });
      const commands = {
        create: { do: 'create', options },
        start: { do: 'start', id: 'raced' },
        destroy: { do: 'destroy', id: 'raced' },
      } as const;
      const names = Object.keys(commands) as (keyof typeof commands)[];
      const done = new Set<string>();
      const failures: string[] = [];
      const attempt = (host: Host, name: keyof typeof commands) =>
        host.send(commands[name]).then(
          () => done.add(name),
          (error: Error) => failures.push(error.message),
        );
      for (let round = 0; round < 2; round += 1) {
        for (const one of names) {
          for (const other of names)
            await Promise.all([attempt(first, one), attempt(second, other)]);
        }
      }
      expect(done.size).toBe(names.length);
      for (const failure of failures) expect(failure).toMatch(raceLost);
      await first.send(commands.destroy).catch((error: Error) => {
        expect(error.message).toMatch(/^not-found: /);
      });
      // containerd 1.7 leaves the folder of a task, where a making and a removal have met in it.
    }, /^bundle \.?raced$/);
  });
});

/** What a call on a container comes to that another host was faster with; the last is containerd's own. */
const raceLost =
  /^(?:already-exists|not-found|failed-precondition): |^unknown: .*(?:file exists|failed to start shim)/;

describe('the host is told to end', { timeout: 60_000 }, () => {
  it('and closes: nothing is told, containers go on, the next one tells their ends', async () => {
    await withHosts(async (start, ledger) => {
      const first = await start();
      const until = (name: string) => `until [ -e /host/${name} ]; do sleep 0.05; done`;
      const script = `${until('told')}; exit 14`;
      await first.send({ do: 'create', options: fixture.sh('told', script, { stdio: 'null' }) });
      const args = ['sh', '-c', `${until('told-exec')}; exit 15`];
      await first.send({ do: 'exec', id: 'told', execId: 'in', args });
      expect(await first.end('SIGTERM')).toBe('SIGTERM');
      expect(await readLedger(ledger)).toEqual([]);
      const second = await start();
      expect(await second.recover()).toEqual([{ id: 'told', recovered: true }]);
      await fixture.touch('told-exec');
      await told(ledger, 1);
      await fixture.touch('told');
      expect(await told(ledger, 2)).toEqual([codeOf('told', 'in', 15), codeOf('told', '', 14)]);
      await second.send({ do: 'destroy', id: 'told' });
      expect(await second.end('SIGINT')).toBe('SIGINT');
    });
  });
});

describe('the host is in trouble', { timeout: 60_000 }, () => {
  it('its event loop is blocked: what ends and prints meanwhile is read and told afterwards', async () => {
    await withHosts(async (start, ledger) => {
      const output = join(fixture.shared, 'blocked-lines');
      const host = await start({ output });
      const script = `until [ -e /host/blocked ]; do sleep 0.05; done; seq 1 3000; exit 16`;
      await host.send({ do: 'create', options: fixture.sh('blocked', script) });
      const blocked = host.send({ do: 'block', ms: 4_000 });
      await fixture.touch('blocked');
      await blocked;
      expect(await told(ledger, 1)).toEqual([codeOf('blocked', '', 16)]);
      const lines = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join('');
      expect(await readFile(output, 'utf8')).toBe(lines);
      await host.send({ do: 'destroy', id: 'blocked' });
    });
  });

  it('it has no descriptors left: calls fail and leave nothing, what it has goes on', async () => {
    await withHosts(async (start, ledger) => {
      const host = await start();
      const script = 'until [ -e /host/freed ]; do sleep 0.05; done; exit 17';
      await host.send({ do: 'create', options: fixture.sh('has', script) });
      const limit = async (to: number) =>
        promisify(execFile)('prlimit', ['--pid', String(host.pid), `--nofile=${to}:`]);
      await limit((await readdir(`/proc/${host.pid}/fd`)).length + 1);
      const more = fixture.sh('more', 'sleep 600');
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const made = host.send({ do: 'create', options: more });
        await expect(made).rejects.toThrow(/^[a-z-]+: CtrdError: createContainer /);
      }
      await limit(1024);
      expect(await host.send({ do: 'create', options: more })).toEqual(expect.any(Number));
      await fixture.touch('freed');
      expect(await told(ledger, 1)).toEqual([codeOf('has', '', 17)]);
      for (const id of ['has', 'more']) await host.send({ do: 'destroy', id });
    });
  });

  it('its clock jumps by a day: nothing ends early or late, ends have the daemon’s time', async () => {
    await withHosts(async (start, ledger) => {
      const clock = join(fixture.shared, 'clock');
      await writeFile(clock, '+0');
      const host = await start({}, await fakeClock(clock));
      const script = 'until [ -e /host/jumped ]; do sleep 0.05; done; exit 18';
      await host.send({ do: 'create', options: fixture.sh('clock', script, { stdio: 'null' }) });
      const args = ['sh', '-c', 'sleep 0.2; exit 19'];
      for (const [execId, jump] of Object.entries({ later: '+1d', earlier: '-1d' })) {
        await writeFile(clock, jump);
        await host.send({ do: 'exec', id: 'clock', execId, args });
      }
      await told(ledger, 2);
      await fixture.touch('jumped');
      const exits = await told(ledger, 3);
      expect(exits.map(({ exitCode }) => exitCode)).toEqual([19, 19, 18]);
      for (const { exitedAt } of exits) {
        expect(Math.abs(Date.now() - Date.parse(String(exitedAt)))).toBeLessThan(60_000);
      }
      await host.send({ do: 'destroy', id: 'clock' });
    });
  });
});

/** Lets a program's clock, but none of its timers, follow what a file says. */
async function fakeClock(path: string): Promise<Record<string, string>> {
  const libraries = join(
    await debianPackage({ suite: 'bookworm', name: 'libfaketime' }),
    'usr/lib',
  );
  const found = await readdir(libraries, { recursive: true });
  const library = found.find((name) => name.endsWith('/libfaketimeMT.so.1'));
  return {
    LD_PRELOAD: join(libraries, String(library)),
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

describe('recovery', { timeout: 120_000 }, () => {
  it('goes on past a shim that hangs, which has its turn later', async () => {
    await withHosts(async (start, ledger, own) => {
      const first = await start();
      for (const id of ['hangs', 'answers']) {
        const script = 'until [ -e /host/thaw ]; do sleep 0.05; done';
        await first.send({ do: 'create', options: fixture.sh(id, script, { stdio: 'null' }) });
      }
      await first.kill();
      const [shim] = (await shims()).filter(
        (shim) => shim.namespace === own && shim.id === 'hangs',
      );
      const pid = shim?.pid ?? 0;
      await freeze(pid);
      try {
        const second = await start();
        expect(await second.recover()).toEqual(
          expect.arrayContaining([
            { id: 'answers', recovered: true },
            {
              ...{ id: 'hangs', recovered: false },
              error: expect.objectContaining({ code: 'timeout', reason: 'shim' }),
            },
          ]),
        );
        process.kill(pid, 'SIGCONT');
        const third = await waitFor(async () => {
          const recovered = await second.recover();
          return recovered.some(({ id, recovered }) => id === 'hangs' && recovered) && recovered;
        });
        expect(third).toEqual([{ id: 'hangs', recovered: true }]);
        await fixture.touch('thaw');
        expect(await told(ledger, 2)).toHaveLength(2);
        for (const id of ['hangs', 'answers']) await second.send({ do: 'destroy', id });
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
  });

  it('takes up containers of ctr when asked to, and leaves them their task', async () => {
    await withClient(fixture, async ({ client, exits }) => {
      const script = 'until [ -e /host/ctr ]; do sleep 0.05; done; exit 12';
      const { rootfs } = fixture.sh('', '');
      const ctr = (...args: string[]) => fixture.daemon.ctr('--namespace', namespace, ...args);
      const mount = `type=bind,src=${fixture.shared},dst=/host,options=rbind:rw`;
      await ctr(
        ...['run', '--detach', '--null-io', '--mount', mount, '--rootfs', String(rootfs)],
        ...['of-ctr', '/bin/busybox', 'sh', '-c', script],
      );
      expect(await client.recoverAll()).toEqual([]);
      const filter = ({ owner }: { owner: string }) => owner === 'none';
      const [recovered] = await client.recoverAll({ filter });
      expect(recovered).toMatchObject({ id: 'of-ctr', container: { id: 'of-ctr' } });
      await fixture.touch('ctr');
      expect(await recovered?.container?.wait()).toMatchObject({ exitCode: 12 });
      expect(exits).toEqual([codeOf('of-ctr', '', 12)]);
      expect(await ctr('tasks', 'ls')).toMatch(/of-ctr\s+\d+\s+STOPPED/);
      await client.destroyContainer('of-ctr');
    });
  });

  it('goes on without pipes where a host that died has removed them', async () => {
    const script = 'until [ -e /host/piped ]; do sleep 0.05; done; exit 13';
    await withClient(
      fixture,
      ({ client }) => client.createContainer(fixture.sh('piped', script)).then(() => {}),
      {
        leaves: true,
      },
    );
    await rm(join(fixture.daemon.runtimeDir, 'fifo'), { recursive: true });
    await withClient(
      fixture,
      async ({ client, exits }) => {
        const job = await client.recoverContainer('piped');
        await fixture.touch('piped');
        expect(await job.wait()).toMatchObject({ exitCode: 13 });
        expect(exits).toHaveLength(1);
        await job.destroy();
      },
      { leaves: true },
    );
  });
});
