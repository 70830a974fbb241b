import { setMaxListeners } from 'node:events';
import { Channel, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { CtrdError } from '../errors/index.js';
import { mergeSignals } from '../kernel/cancellation.js';
import { socketPath } from '../rpc/address.js';
import type { Connection } from '../rpc/transport.js';
import { stream } from '../wire/stream.js';
import { unary } from '../wire/unary.js';
import { channelCalls } from './channel-call.js';
import { watchChannel } from './channel-state.js';
import { reach } from './reach.js';

/** A connection over a grpc-js channel that it has for itself. */
export function openConnection(address: string, options: ChannelOptions): Connection {
  const path = socketPath(address);
  const channel = new Channel(`unix:${path}`, credentials.createInsecure(), options);
  const states = watchChannel(channel);
  const open = channelCalls(channel);
  // Ends the calls in flight: grpc-js would let them go on.
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  return {
    get state() {
      return states.current();
    },
    watch: (listener) => states.watch(listener),
    async connect({ signal }) {
      using merged = mergeSignals({ signal }, closing.signal);
      await reach(channel, states, path, merged.signal);
    },
    unary: (call) => unary(open, call, closing.signal),
    stream: (call) => stream(open, call, closing.signal),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(
        new CtrdError('the connection is closed', { code: 'unavailable', reason: 'closed' }),
      );
      states.closed();
      channel.close();
    },
  };
}
