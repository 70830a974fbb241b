import { CtrdError } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import { aboutImage } from '../../src/operations/about-image.js';
import { statusError } from '../../src/registry/http-error.js';

const image = { reference: 'box:1', name: 'docker.io/library/box:1' };

describe('a failure of a pull or a push', () => {
  it('has the reference as its subject, and keeps the host and the meaning', () => {
    const cause = new Error('ECONNREFUSED');
    const facts = { code: 'unavailable', reason: 'refused', cause } as const;
    const error = aboutImage(new CtrdError('no', { ...facts, subject: '127.0.0.1:5987' }), image);
    expect(error).toMatchObject({
      ...facts,
      subject: 'box:1',
      message: 'box:1: 127.0.0.1:5987: no',
    });
    expect(aboutImage(statusError(404, '127.0.0.1:5987', ''), image)).toMatchObject({
      ...{ code: 'not-found', subject: 'box:1' },
      rawMessage: '127.0.0.1:5987: the registry answered 404',
    });
  });

  it('says nothing twice', () => {
    const error = new CtrdError('host:5000 is silent', { code: 'timeout', subject: 'host:5000' });
    expect(aboutImage(error, image)).toMatchObject({ rawMessage: 'host:5000 is silent' });
  });

  it.each([
    new CtrdError('x', { code: 'not-found', subject: image.reference }),
    new CtrdError('x', { code: 'not-found', subject: image.name }),
    new CtrdError('x', { code: 'timeout' }),
    new DOMException('x', 'TimeoutError'),
  ])('stays as it is when it says so, or nothing: %s', (error) => {
    expect(aboutImage(error, image)).toBe(error);
  });
});
