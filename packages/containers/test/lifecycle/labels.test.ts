import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { exitLabels, labelledExit } from '../../src/lifecycle/labels.js';

const createdAt = timestampFromMs(1_000_000);
const updatedAt = timestampFromMs(2_000_000);
const exit = {
  ...{ containerId: 'c', execId: '', exitCode: 137, exitedAt: new Date(1_500_000) },
  oomKilled: true as const,
};
const record = (labels: Record<string, string>) => ({ id: 'c', labels, createdAt, updatedAt });

describe('an exit in the labels of a record', () => {
  it('is the one that was noted', () => {
    expect(labelledExit(record(exitLabels(exit)))).toEqual(exit);
    const lost = { ...exit, exitCode: 255, lost: 'nobody knows' };
    expect(labelledExit(record(exitLabels(lost)))).toEqual(lost);
  });

  it('is none where there are no labels, or only empty ones', () => {
    expect(labelledExit(record({}))).toBeUndefined();
    expect(labelledExit(record({ 'ctrd/exit-code': '', 'ctrd/exited-at': '' }))).toBeUndefined();
  });

  it.each([
    ['before the container was made', new Date(999_999)],
    ['after its record was last changed', new Date(2_000_001)],
  ])('is not believed from %s: it came with an image', (_, exitedAt) => {
    expect(labelledExit(record(exitLabels({ ...exit, exitedAt })))).toBeUndefined();
  });
});
