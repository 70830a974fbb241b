import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../core/test/support/without-descriptors.js';
import { askCredentialHelper } from '../../src/registry/credential-helper.js';

it('a credential helper that cannot be started fails, and ends nobody', async () => {
  const { signal } = new AbortController();
  await withoutDescriptors(() =>
    expect(askCredentialHelper('any', 'registry.example', signal)).rejects.toMatchObject({
      ...{ code: 'failed-precondition', reason: 'credential-helper' },
    }),
  );
});
