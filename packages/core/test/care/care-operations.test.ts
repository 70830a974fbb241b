import { describe, expect, it } from 'vitest';
import { type Caretaker, Caretakers, type Finding } from '../../src/care/caretaker.js';
import { Owner } from '../../src/care/owner.js';
import { contribute } from '../../src/di/binding.js';
import { CtrdError } from '../../src/errors/index.js';
import { definePlugin } from '../../src/kernel/plugin.js';
import { Leases } from '../../src/services/leases.js';
import { withoutDaemon } from '../support/client.js';

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

const finding = (id: string, facts: Partial<Finding> = {}): Finding => ({
  ...{ kind: 'thing', id, owner: 'a', ownerState: 'dead', why: 'its owner is gone' },
  ...{ since: minutesAgo(1), ...facts },
});

const found = {
  dead: finding('dead'),
  other: finding('other', { kind: 'other' }),
  unknown: finding('unknown', { ownerState: 'unknown' }),
  foreign: finding('foreign', { ownerState: 'none', owner: undefined, since: minutesAgo(60) }),
  fresh: finding('fresh', { ownerState: 'none', owner: undefined }),
  ageless: finding('ageless', { ownerState: 'none', owner: undefined, since: undefined }),
};

/** A client whose caretakers find the above; one cannot look. */
async function connect(remove: (id: string) => Promise<boolean> = async () => true) {
  const removed: string[] = [];
  const caretaker: Caretaker = {
    name: 'things',
    inspect: async () =>
      Object.values(found).map((finding) => ({
        finding,
        async remove() {
          const gone = await remove(finding.id);
          removed.push(finding.id);
          return gone;
        },
      })),
  };
  const blind: Caretaker = {
    name: 'blind',
    inspect: () => Promise.reject(new CtrdError('no', { code: 'permission-denied' })),
  };
  const client = await withoutDaemon()
    .provide(Leases, { list: async () => [] } as unknown as Leases)
    .use(
      definePlugin({
        name: 'things',
        requires: [Owner],
        contributes: [contribute(Caretakers, () => blind), contribute(Caretakers, () => caretaker)],
      }),
    )
    .connect();
  return { client, removed };
}

const ids = (findings: readonly Finding[]) => findings.map(({ id }) => id);

describe('doctor', () => {
  it('tells all findings, and who could not look', async () => {
    const { client, removed } = await connect();
    const report = await client.doctor();
    expect(report.findings).toEqual(Object.values(found));
    expect(report.problems).toMatchObject([
      { caretaker: 'blind', finding: undefined, error: { code: 'permission-denied' } },
    ]);
    expect(removed).toEqual([]);
  });
});

describe('sweep', () => {
  it('removes what dead owners had, and nothing else', async () => {
    const { client, removed } = await connect();
    const report = await client.sweep();
    expect(removed).toEqual(['dead', 'other']);
    expect(ids(report.removed)).toEqual(removed);
    expect(ids(report.kept)).toEqual(['unknown', 'foreign', 'fresh', 'ageless']);
    expect(report.problems).toMatchObject([{ caretaker: 'blind' }]);
  });

  it('only tells so in a dry run', async () => {
    const { client, removed } = await connect();
    expect(ids((await client.sweep({ dryRun: true })).removed)).toEqual(['dead', 'other']);
    expect(removed).toEqual([]);
  });

  it.each([
    [{ kinds: ['other'] }, ['other']],
    [{ olderThanMs: 30 * 60_000 }, []],
    [{ unowned: true }, ['dead', 'other', 'foreign']],
    [{ unowned: true, olderThanMs: 30 * 60_000 }, ['foreign']],
    [{ unowned: true, olderThanMs: 0 }, ['dead', 'other', 'foreign', 'fresh', 'ageless']],
  ])('with %j removes %j', async (options, wanted) => {
    const { client, removed } = await connect();
    await client.sweep(options);
    expect(removed).toEqual(wanted);
  });

  it('goes on after a failure, and keeps what is used by now', async () => {
    const { client } = await connect(async (id) => {
      if (id === 'dead') throw new CtrdError('busy', { code: 'internal' });
      return false;
    });
    const { removed, kept, problems } = await client.sweep();
    expect(removed).toEqual([]);
    expect(ids(kept)).toContain('other');
    expect(problems[1]).toMatchObject({ caretaker: 'things', finding: { id: 'dead' } });
  });

  it.each([
    [{ kinds: 'lease' as never }, 'kinds'],
    [{ olderThanMs: -1 }, 'olderThanMs'],
  ])('refuses %j', async (options, field) => {
    const { client } = await connect();
    await expect(client.sweep(options)).rejects.toMatchObject({ code: 'invalid-argument', field });
  });
});
