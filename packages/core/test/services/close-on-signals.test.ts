import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { definePlugin } from '../../src/kernel/plugin.js';
import { closeOnSignals } from '../../src/services/close-on-signals.js';
import { withoutDaemon } from '../support/client.js';
import { until } from '../support/until.js';

const signal = 'SIGUSR2';
const kill = vi.spyOn(process, 'kill').mockReturnValue(true);

beforeEach(() => void kill.mockClear());
afterEach(() => expect(process.listenerCount(signal)).toBe(0));

const connect = (stop: () => Promise<void>, timeoutMs?: number) =>
  withoutDaemon()
    .use(definePlugin({ name: 'other', setup: () => ({ stop }) }))
    .use(closeOnSignals({ signals: [signal], timeoutMs }))
    .connect();

describe('a process that is told to end', () => {
  it('closes its client, and then ends by the same signal', async () => {
    let release = () => {};
    const stopped = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = await connect(() => stopped);
    process.emit(signal, signal);
    await new Promise(setImmediate);
    expect(kill).not.toHaveBeenCalled();
    release();
    await until(() => kill.mock.calls.length > 0);
    expect(kill.mock.calls).toEqual([[process.pid, signal]]);
    await expect(client.version()).rejects.toMatchObject({ reason: 'closed' });
  });

  it('ends when the time is over, whatever the close does', async () => {
    await connect(() => new Promise(() => {}), 20);
    process.emit(signal, signal);
    await until(() => kill.mock.calls.length > 0);
  });

  it('ends at once with the second signal', async () => {
    await connect(() => new Promise(() => {}));
    process.emit(signal, signal);
    process.emit(signal, signal);
    await until(() => kill.mock.calls.length > 0);
  });

  it('ends when the last of its clients has closed', async () => {
    let release = () => {};
    const stopped = new Promise<void>((resolve) => {
      release = resolve;
    });
    await connect(() => stopped);
    const quick = await connect(async () => {});
    process.emit(signal, signal);
    await quick.close();
    await new Promise(setImmediate);
    expect(kill).not.toHaveBeenCalled();
    release();
    await until(() => kill.mock.calls.length > 0);
  });

  it('goes on when the host listens itself, with the client closed', async () => {
    const own = vi.fn();
    process.once(signal, own);
    const client = await connect(async () => {});
    process.on(signal, own);
    process.emit(signal, signal);
    await until(() => process.listenerCount(signal) === 1);
    process.off(signal, own);
    expect(own).toHaveBeenCalledTimes(2);
    expect(kill).not.toHaveBeenCalled();
    await expect(client.version()).rejects.toMatchObject({ reason: 'closed' });
  });

  it('is no matter of a client that has been closed before', async () => {
    await (await connect(async () => {})).close();
    expect(process.listenerCount(signal)).toBe(0);
  });

  it('takes no time limit below 0', () => {
    expect(() => closeOnSignals({ timeoutMs: -1 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});
