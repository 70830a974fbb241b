import { describe, expect, it, vi } from 'vitest';
import type { DaemonProcess } from '../src/daemon-process.js';
import { type DaemonState, supervise } from '../src/supervisor.js';

/** A process whose end the test decides. */
function fakeProcess(pid: number): DaemonProcess & { end(): void } {
  let end = () => {};
  const ended = new Promise<string>((resolve) => {
    end = () => resolve('signal SIGKILL');
  });
  return { pid, ended, kill: () => {}, end };
}

/** Resolves when the supervisor enters the state. */
function entered(supervisor: ReturnType<typeof supervise>, wanted: DaemonState): Promise<void> {
  return new Promise((resolve) => {
    const watch = supervisor.watch((state) => {
      if (state !== wanted) return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
}

describe('a supervised process', () => {
  it('is started again when it ends by itself', async () => {
    const first = fakeProcess(1);
    const second = fakeProcess(2);
    const supervisor = supervise(first, { policy: { pauseMs: 1 }, restart: async () => second });
    const back = entered(supervisor, 'serving');
    first.end();
    await back;
    expect(supervisor).toMatchObject({ state: 'serving', restarts: 1, process: { pid: 2 } });
    await supervisor.stop();
  });

  it('is given up after as many restarts as the policy allows, failed starts included', async () => {
    const first = fakeProcess(1);
    let attempts = 0;
    const supervisor = supervise(first, {
      policy: { limit: 3, pauseMs: 1 },
      restart: async () => {
        attempts += 1;
        throw new Error('no');
      },
    });
    const failed = entered(supervisor, 'failed');
    first.end();
    await failed;
    expect(attempts).toBe(3);
    expect(supervisor.state).toBe('failed');
  });

  it('is never started again after the supervision was stopped', async () => {
    const first = fakeProcess(1);
    let attempts = 0;
    const supervisor = supervise(first, {
      policy: { pauseMs: 1 },
      restart: async () => {
        attempts += 1;
        return fakeProcess(2);
      },
    });
    await supervisor.stop();
    first.end();
    await first.ended;
    await new Promise(setImmediate);
    expect(attempts).toBe(0);
    expect(supervisor.state).toBe('stopped');
  });

  it('can be stopped while it waits to start again', async () => {
    const first = fakeProcess(1);
    const supervisor = supervise(first, {
      policy: { pauseMs: 60_000 },
      restart: async () => fakeProcess(2),
    });
    const down = entered(supervisor, 'restarting');
    first.end();
    await down;
    await supervisor.stop();
    expect(supervisor).toMatchObject({ state: 'stopped', restarts: 0 });
  });

  it('goes on when a listener fails', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const first = fakeProcess(1);
    const supervisor = supervise(first, {
      policy: { pauseMs: 1 },
      restart: async () => fakeProcess(2),
    });
    using _bad = supervisor.watch(() => {
      throw new Error('listener');
    });
    const back = entered(supervisor, 'serving');
    first.end();
    await back;
    expect(warning.mock.calls[0]?.[0]).toContain('listener');
    warning.mockRestore();
    await supervisor.stop();
  });
});
