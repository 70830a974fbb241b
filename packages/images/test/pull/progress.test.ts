import { setTimeout as sleep } from 'node:timers/promises';
import { CtrdError, type Failure } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import { followProgress, progressJson } from '../../src/pull/follow.js';
import { createProgress } from '../../src/pull/progress.js';
import type { PullProgress } from '../../src/pull/pull-api.js';

const failure = new CtrdError('no such thing', { code: 'not-found' });
const noReport = () => {};

function recorded() {
  const events: PullProgress[] = [];
  return { events, progress: createProgress('a', (event) => events.push(event), noReport) };
}

const seen = (events: readonly PullProgress[]) =>
  events.map(({ ref, status, offset, total }) => `${ref} ${status} ${offset}/${total}`);

describe('progress', () => {
  it('tells every change of a status, and sums up the image', () => {
    const { events, progress } = recorded();
    const one = progress.blob('one', 10);
    progress.image('resolved');
    one.status('downloading');
    one.status('downloading');
    one.offset(4);
    one.status('done');
    progress.blob('two', 5).status('exists');
    progress.image('done');
    expect(seen(events)).toEqual([
      'a resolving 0/0',
      'one waiting 0/10',
      'a resolved 0/10',
      'one downloading 0/10',
      'one done 10/10',
      'two waiting 0/5',
      'two exists 5/5',
      'a done 15/15',
    ]);
  });

  it('tells bytes ten times a second at most', async () => {
    const { events, progress } = recorded();
    const one = progress.blob('one', 1e6);
    one.status('downloading');
    const start = performance.now();
    for (let at = 0; performance.now() - start < 350; at += 1) {
      one.offset(at);
      if (at % 1000 === 0) await sleep(1);
    }
    const steps = events.filter(({ ref, status }) => ref === 'one' && status === 'downloading');
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.length).toBeLessThan(6);
  });

  it('is never done after a failure, and says nothing more', () => {
    const { events, progress } = recorded();
    progress.image('resolved');
    progress.fail(failure);
    progress.image('done');
    progress.blob('late', 1);
    expect(events.at(-1)).toMatchObject({ ref: 'a', status: 'resolved', error: failure });
    expect(events.some(({ status }) => status === 'done')).toBe(false);
  });

  it('outlives a listener that throws', () => {
    const failures: Failure[] = [];
    const progress = createProgress(
      'a',
      () => {
        throw failure;
      },
      (one) => failures.push(one),
    );
    progress.image('done');
    expect(failures.map(({ error }) => error)).toEqual([failure, failure]);
  });
});

describe('following', () => {
  const event = (ref: string, offset: number): PullProgress => ({
    ...{ ref, status: 'downloading', offset, total: 9 },
    ...{ startedAt: new Date(0), updatedAt: new Date(0) },
  });

  it('gives a slow reader the latest of each', async () => {
    const followed = followProgress(async (onProgress) => {
      for (let at = 0; at < 10; at++) {
        onProgress(event('one', at));
        onProgress(event('two', at));
        await sleep(2);
      }
      return 'pulled';
    });
    const events: string[] = [];
    for await (const { ref, offset } of followed) {
      events.push(`${ref} ${offset}`);
      if (events.length === 1) await followed.result;
    }
    expect(events).toEqual(['one 0', 'one 9', 'two 9']);
    expect(await followed.result).toBe('pulled');
  });

  it('throws what the call throws, after its last event', async () => {
    const followed = followProgress(async (onProgress) => {
      await sleep(1);
      onProgress(event('one', 1));
      throw failure;
    });
    const events: string[] = [];
    const reading = (async () => {
      for await (const { ref } of followed) events.push(ref);
    })();
    await expect(reading).rejects.toBe(failure);
    expect(events).toEqual(['one']);
    await expect(followed.result).rejects.toBe(failure);
  });

  it('is JSON objects with nothing between, and a failure is one of them', async () => {
    const followed = followProgress(async (onProgress) => {
      onProgress(event('one', 3));
      onProgress({ ...event('image', 3), error: failure });
      throw failure;
    });
    let text = '';
    for await (const part of progressJson(followed)) text += part;
    expect(text).toBe(
      '{"id":"one","status":"downloading","progressDetail":{"current":3,"total":9},' +
        '"started_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:00.000Z"}' +
        `{"errorDetail":{"code":404,"message":${JSON.stringify(failure.message)}},` +
        `"error":${JSON.stringify(failure.message)}}`,
    );
  });
});
