import { CtrdError, type ErrorCode } from '@ctrd/client';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, explain } from '../src/failure.js';

const error = (
  code: ErrorCode,
  facts: { reason?: string; operation?: string; subject?: string } = {},
) => new CtrdError('it went wrong', { code, ...facts });

describe('the exit code of a failure', () => {
  it.each([
    [error('failed-precondition', { reason: 'command-not-found' }), 127],
    [error('failed-precondition', { reason: 'command-not-executable' }), 126],
    [error('failed-precondition'), 125],
    [error('unavailable'), 125],
    [error('not-found'), 125],
    [error('aborted', { reason: 'interrupted' }), 130],
    [error('aborted'), 125],
    [new Error('anything'), 125],
    ['a text', 125],
  ])('%s is %i', (failure, code) => {
    expect(exitCodeOf(failure)).toBe(code);
  });
});

describe('the explanation of a failure', () => {
  it.each([
    [error('unavailable'), 'CONTAINERD_ADDRESS'],
    [error('unavailable', { reason: 'forbidden' }), 'Run as root'],
    [error('already-exists', { operation: 'createContainer', subject: 'web' }), 'rm --force web'],
    [error('not-found', { operation: 'getContainer', subject: 'web' }), 'ctrd ps -a'],
    [error('not-found', { operation: 'getImage', subject: 'web' }), 'ctrd images'],
    [error('not-found', { operation: 'pullImage' }), 'login'],
    [error('unavailable', { operation: 'pullImage' }), 'registry'],
    [error('unavailable', { operation: 'checkLogin' }), 'registry'],
    [error('unauthenticated'), 'ctrd login'],
    [error('permission-denied'), 'Run as root'],
    [error('permission-denied', { operation: 'pullImage' }), 'ctrd login'],
    [error('permission-denied', { operation: 'pushImage' }), 'ctrd login'],
    [error('failed-precondition', { reason: 'no-log' }), '--log-driver json-file'],
    [error('failed-precondition', { reason: 'no-times' }), '--log-driver json-file'],
  ])('says what to try: %s', (failure, hint) => {
    const [first = '', second = ''] = explain(failure).split('\n');
    expect(first).toContain('it went wrong');
    expect(second).toContain(hint);
  });

  it('is the message alone where there is nothing to try', () => {
    expect(explain(error('internal'))).toBe('it went wrong');
    const policy = error('permission-denied', { operation: 'pullImage', reason: 'policy' });
    expect(explain(policy)).toBe('it went wrong');
    expect(explain(new Error('plain'))).toBe('plain');
    expect(explain('text')).toBe('text');
  });

  it('names what it happened to once, and no method of the library', () => {
    const about = (message: string, subject: string) =>
      explain(new CtrdError(message, { code: 'internal', operation: 'stopContainer', subject }));
    expect(about('it hangs', 'web')).toBe('web: it hangs');
    expect(about('container "web": not found', 'web')).toBe('container "web": not found');
  });
});
