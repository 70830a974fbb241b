import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../core/test/support/without-descriptors.js';
import { startKeeper } from '../src/keep.js';

it('a keeper that cannot be started is told of, and ends nobody', async () => {
  const where = { address: '/nowhere.sock', namespace: 'ci', runtimeDir: undefined };
  await withoutDescriptors(() =>
    expect(() => startKeeper('web', where)).toThrow(
      expect.objectContaining({ code: 'aborted', reason: 'keeper', subject: 'web' }),
    ),
  );
});
