import { describe, expect, it } from 'vitest';
import { blobName, createProgressBoard } from '../src/terminal/progress-board.js';

const reference = 'docker.io/library/alpine:3';
const layer = `layer-sha256:${'ab'.repeat(32)}`;
const image = (status: string) => ({ ref: reference, status, offset: 0, total: 0 });
const blob = (status: string, offset: number, total = 10_000_000) => ({
  ...{ ref: layer, status, offset, total },
});

describe('the progress of a transfer', () => {
  it('tells news from mere bytes', () => {
    const board = createProgressBoard(reference);
    expect(board.take(image('resolving'), 0)).toBe(true);
    expect(board.take(blob('waiting', 0), 0)).toBe(true);
    expect(board.take(blob('downloading', 0), 10)).toBe(true);
    expect(board.take(blob('downloading', 5_000_000), 20)).toBe(false);
    expect(board.take(blob('done', 10_000_000), 30)).toBe(true);
    expect(board.take(image('done'), 40)).toBe(true);
    expect(board.take(image('done'), 50)).toBe(false);
  });

  it('has a bar, a rate and totals', () => {
    const board = createProgressBoard(reference);
    board.take(image('resolved'), 0);
    board.take(blob('downloading', 0), 0);
    board.take(blob('downloading', 5_000_000), 1_000);
    expect(board.lines(100, 1_000)).toEqual([
      'layer-abababababab  downloading  [============>           ] 5.0 MB / 10.0 MB, 5.0 MB/s',
      `${reference}: resolved 5.0 MB / 10.0 MB, 5.0 MB/s`,
    ]);
    board.take(blob('unpacking', 10_000_000), 2_000);
    expect(board.lines(100, 2_000)[0]).toBe('layer-abababababab  unpacking');
    board.take(blob('done', 10_000_000), 3_000);
    expect(board.lines(100, 3_000)[0]).toBe('layer-abababababab  done         10.0 MB');
  });

  it('counts what was there already in the sum, but not in the rate', () => {
    const board = createProgressBoard(reference);
    board.take(image('resolved'), 0);
    board.take(blob('exists', 10_000_000), 0);
    expect(board.lines(100, 1_000)[1]).toBe(`${reference}: resolved 10.0 MB / 10.0 MB`);
  });

  it('fits the terminal', () => {
    const board = createProgressBoard(reference);
    board.take(blob('downloading', 1), 0);
    for (const line of board.lines(20, 0)) expect(line.length).toBeLessThanOrEqual(20);
  });

  it('names blobs by the beginning of their digests', () => {
    expect(blobName(layer)).toBe('layer-abababababab');
    expect(blobName('other')).toBe('other');
  });
});
