import { setMaxListeners } from 'node:events';
import { Channel, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { CtrdError } from '../errors/index.js';
import { abortError } from '../kernel/cancellation.js';
import { socketPath } from '../rpc/address.js';
import type { Connection } from '../rpc/transport.js';
import { watchChannel } from './channel-state.js';
import { stream } from './stream.js';
import { unary } from './unary.js';
import { whyUnreachable } from './why-unreachable.js';

/** A connection over a grpc-js channel that it has for itself. */
export function openConnection(address: string, options: ChannelOptions): Connection {
  const path = socketPath(address);
  const channel = new Channel(`unix:${path}`, credentials.createInsecure(), options);
  const states = watchChannel(channel);
  // Ends the calls in flight: grpc-js would let them go on.
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  return {
    get state() {
      return states.current();
    },
    watch: (listener) => states.watch(listener),
    connect: ({ signal }) =>
      new Promise<void>((resolve, reject) => {
        if (closing.signal.aborted) return reject(abortError(closing.signal));
        if (signal.aborted) return reject(abortError(signal));
        let attempted = false;
        const settle = (finish: () => void) => {
          watching[Symbol.dispose]();
          signal.removeEventListener('abort', aborted);
          finish();
        };
        const aborted = () => settle(() => reject(abortError(signal)));
        const look = () => {
          const state = states.current();
          if (state === 'ready') settle(resolve);
          else if (state === 'closed') settle(() => reject(abortError(closing.signal)));
          else if (state === 'connecting') attempted = true;
          else if (state === 'failing') void explain(attempted);
        };
        // A failure from before this call may be over by now: then the next attempt decides.
        const explain = async (ofThisCall: boolean) => {
          const failure = await whyUnreachable(path);
          if (failure !== undefined) settle(() => reject(failure));
          else if (ofThisCall) settle(() => reject(notGrpc(path)));
        };
        const watching = states.watch(look);
        signal.addEventListener('abort', aborted, { once: true });
        channel.getConnectivityState(true);
        look();
      }),
    unary: (call) => unary(channel, call, closing.signal),
    stream: (call) => stream(channel, call, closing.signal),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(
        new CtrdError('the connection is closed', { code: 'unavailable', reason: 'closed' }),
      );
      channel.close();
      states.closed();
    },
  };
}

function notGrpc(path: string): CtrdError {
  return new CtrdError('something listens on the socket, but does not answer as gRPC does', {
    code: 'unavailable',
    reason: 'dropped',
    subject: path,
  });
}
