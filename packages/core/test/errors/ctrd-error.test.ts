import { describe, expect, it } from 'vitest';
import { CtrdError, hasCode, invalidArgument, toCtrdError } from '../../src/errors/index.js';

describe('a CtrdError', () => {
  it('says the operation and the subject before the message', () => {
    const error = new CtrdError('no such thing', {
      code: 'not-found',
      operation: 'getImage',
      subject: 'app:1',
    });
    expect(error.message).toBe('getImage app:1: no such thing');
    expect(error.rawMessage).toBe('no such thing');
  });

  it('keeps what it knows when it is seen from further out', () => {
    const inner = new CtrdError('no', { code: 'not-found', subject: 'inner', reason: 'why' });
    const outer = inner.within({ operation: 'pull', subject: 'outer' });
    expect(outer).toMatchObject({ operation: 'pull', subject: 'inner', reason: 'why' });
    expect(outer.within({ operation: 'other' })).toBe(outer);
  });

  it('is recognised across copies of the package', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('ctrd.error')]: true });
    expect(foreign instanceof CtrdError).toBe(true);
    expect(new Error('x') instanceof CtrdError).toBe(false);
    expect((null as unknown) instanceof CtrdError).toBe(false);
  });

  it('becomes JSON without its stack and cause', () => {
    const error = new CtrdError('no', { code: 'not-found', cause: new Error('secret') });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'CtrdError',
      message: 'no',
      code: 'not-found',
    });
  });
});

describe('what was thrown', () => {
  it.each([
    [new DOMException('x', 'AbortError'), 'aborted'],
    [new DOMException('x', 'TimeoutError'), 'timeout'],
    [new Error('x'), 'unknown'],
    ['a text', 'unknown'],
    [null, 'unknown'],
    [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'storage-full'],
    [Object.assign(new Error('x'), { code: 'EROFS' }), 'failed-precondition'],
  ])('becomes a CtrdError: %s is %s', (thrown, code) => {
    expect(toCtrdError(thrown)).toMatchObject({ code, cause: thrown });
  });

  it('stays itself when it is one', () => {
    const error = invalidArgument('id', 'be short', 'x'.repeat(1000));
    expect(toCtrdError(error)).toBe(error);
    expect(error.message.length).toBeLessThan(200);
    expect(hasCode(error, 'not-found', 'invalid-argument')).toBe(true);
    expect(hasCode(error, 'not-found')).toBe(false);
  });
});
