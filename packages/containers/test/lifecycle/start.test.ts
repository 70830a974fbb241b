import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { ProcessSchema, Status } from '@ctrd/api/types/task';
import { CtrdError } from '@ctrd/core';
import { describe, expect, it } from 'vitest';
import type { ContainerParts } from '../../src/lifecycle/parts.js';
import { startProcess } from '../../src/lifecycle/start.js';

/** Starts a process at a daemon that goes away under the call and says this of it when it is back. */
function start(execId: string, process: { status: Status; exitStatus?: number } | undefined) {
  const tasks = {
    async start() {
      throw new CtrdError('gone', { code: 'unavailable', reason: 'dropped' });
    },
    async get() {
      if (process === undefined) throw new CtrdError('nothing', { code: 'not-found' });
      const exitedAt = timestampFromMs(Date.now());
      return { process: create(ProcessSchema, { pid: 7, exitedAt, ...process }) };
    },
    deleteProcess: async () => ({}),
  };
  const rpc = { client: () => tasks };
  const parts = { rpc, patient: rpc } as unknown as ContainerParts;
  return startProcess(parts, { containerId: 'box', execId }, AbortSignal.timeout(10_000));
}

const ended = (exitStatus: number) => ({ status: Status.STOPPED, exitStatus });
const notStarted = { code: 'unavailable', reason: 'not-started' };

describe('a start whose answer is lost', () => {
  it.each([
    ['a container that runs', '', { status: Status.RUNNING }],
    ['a container that has ended well', '', ended(0)],
    ['a container that was killed', '', ended(137)],
    ['an exec that runs', 'exec', { status: Status.RUNNING }],
    ['an exec that has ended with 1', 'exec', ended(1)],
  ])('has happened for %s', async (_, execId, process) => {
    expect(await start(execId, process)).toBe(7);
  });

  it.each([
    ['a container that waits', '', { status: Status.CREATED }],
    ['a container of which runc’s own process has given up', '', ended(1)],
    ['a container that is gone', '', undefined],
    ['an exec that waits', 'exec', { status: Status.CREATED }],
  ])('has not happened for %s', async (_, execId, process) => {
    await expect(start(execId, process)).rejects.toMatchObject(notStarted);
  });
});
