import { create, toBinary } from '@bufbuild/protobuf';
import { MetricsSchema as Metrics1Schema } from '@ctrd/api/cgroups/v1';
import { MetricsSchema as Metrics2Schema } from '@ctrd/api/cgroups/v2';
import { describe, expect, it } from 'vitest';
import { statsOf } from '../src/stats/task-stats.js';

const at = new Date(0);

describe('what a container uses', () => {
  it('is the same shape for both kinds of cgroups', () => {
    const first = create(Metrics1Schema, {
      cpu: {
        usage: { total: 3_000_000n, user: 2_000_000n, kernel: 1_000_000n },
        throttling: { throttledPeriods: 4n },
      },
      memory: { usage: { usage: 900n, limit: 1000n }, totalInactiveFile: 200n },
      memoryOomControl: { oomKill: 2n },
      pids: { current: 3n, limit: 10n },
      blkio: {
        ioServiceBytesRecursive: [
          { op: 'Read', value: 5n },
          { op: 'Write', value: 6n },
          { op: 'Read', value: 7n },
          { op: 'Total', value: 18n },
        ],
      },
    });
    const second = create(Metrics2Schema, {
      cpu: { usageUsec: 3000n, userUsec: 2000n, systemUsec: 1000n, nrThrottled: 4n },
      memory: { usage: 900n, usageLimit: 1000n, inactiveFile: 200n },
      memoryEvents: { oomKill: 2n },
      pids: { current: 3n, limit: 10n },
      io: { usage: [{ rbytes: 5n, wbytes: 6n }, { rbytes: 7n }] },
    });
    const expected = {
      at,
      cpu: { usage: 3_000_000n, user: 2_000_000n, system: 1_000_000n, throttledPeriods: 4n },
      memory: { usage: 900n, workingSet: 700n, limit: 1000n, oomKills: 2n },
      pids: { current: 3n, limit: 10n },
      io: { readBytes: 12n, writtenBytes: 6n },
    };
    const { typeName } = Metrics1Schema;
    expect(statsOf(typeName, toBinary(Metrics1Schema, first), at)).toEqual({
      ...expected,
      cgroup: 'v1',
    });
    const prefixed = `type.googleapis.com/${Metrics2Schema.typeName}`;
    expect(statsOf(prefixed, toBinary(Metrics2Schema, second), at)).toEqual({
      ...expected,
      cgroup: 'v2',
    });
  });

  it('is nothing negative, and nought where a controller is off', () => {
    const inactive = create(Metrics2Schema, { memory: { usage: 1n, inactiveFile: 2n } });
    expect(statsOf(Metrics2Schema.typeName, toBinary(Metrics2Schema, inactive), at)).toMatchObject({
      cpu: { usage: 0n },
      memory: { workingSet: 0n, oomKills: 0n },
      io: { readBytes: 0n },
    });
  });

  it('is not guessed from metrics of another kind', () => {
    expect(() => statsOf('io.example.Metrics', new Uint8Array(), at)).toThrowError(
      expect.objectContaining({ code: 'unimplemented' }),
    );
  });
});
