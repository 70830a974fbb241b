import type { Channel } from '@grpc/grpc-js';
import { abortError } from '../kernel/cancellation.js';
import { notGrpc } from '../wire/unreachable.js';
import type { ChannelStates } from './channel-state.js';
import { whyUnreachable } from './why-unreachable.js';

/** Time for one more attempt to connect: the pause before it has grown to a second at most. */
const anotherAttemptMs = 3000;

/** Resolves when the channel is ready. Rejects as soon as an attempt fails, and says why. */
export function reach(
  channel: Channel,
  states: ChannelStates,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortError(signal));
    let attempted = false;
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (finish: () => void) => {
      settled = true;
      watching[Symbol.dispose]();
      signal.removeEventListener('abort', aborted);
      clearTimeout(timer);
      finish();
    };
    const aborted = () => settle(() => reject(abortError(signal)));
    const look = () => {
      const state = states.current();
      if (state === 'ready') settle(resolve);
      else if (state === 'connecting') attempted = true;
      else if (state === 'failing') void explain();
    };
    async function explain(): Promise<void> {
      const failure = await whyUnreachable(path);
      if (settled) return;
      const give = () => settle(() => reject(failure ?? notGrpc(path)));
      if (failure !== undefined || attempted) give();
      // The failure is from before this call, and may be over by now: the next attempt decides.
      else timer ??= setTimeout(give, anotherAttemptMs);
    }
    const watching = states.watch(look);
    signal.addEventListener('abort', aborted, { once: true });
    channel.getConnectivityState(true);
    look();
  });
}
