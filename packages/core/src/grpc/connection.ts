import { Channel, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { socketPath } from '../rpc/address.js';
import type { Connection } from '../rpc/transport.js';
import { wireConnection } from '../wire/wire-connection.js';
import { channelCalls } from './channel-call.js';
import { watchChannel } from './channel-state.js';
import { reach } from './reach.js';

/** A connection over a grpc-js channel that it has for itself. */
export function openConnection(address: string, options: ChannelOptions): Connection {
  const path = socketPath(address);
  const channel = new Channel(`unix:${path}`, credentials.createInsecure(), options);
  const states = watchChannel(channel);
  return wireConnection({
    get state() {
      return states.current();
    },
    watch: states.watch,
    open: channelCalls(channel),
    reach: (signal) => reach(channel, states, path, signal),
    close() {
      states.closed();
      channel.close();
    },
  });
}
