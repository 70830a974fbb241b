import { type Channel, connectivityState as State } from '@grpc/grpc-js';
import { stateListeners } from '../rpc/state-listeners.js';
import type { Connection, ConnectionState } from '../rpc/transport.js';

/** The state of a channel, told to those who listen. */
export interface ChannelStates {
  current(): ConnectionState;
  readonly watch: Connection['watch'];
  /** Says that the channel was closed. */
  closed(): void;
}

export function watchChannel(channel: Channel): ChannelStates {
  const listeners = stateListeners();
  let closed = false;
  let following = false;

  const current = () => (closed ? 'closed' : names[channel.getConnectivityState(false)]);

  /** grpc-js tells of one change at a time; it is asked only while somebody listens. */
  function follow(): void {
    following = !closed && listeners.size > 0;
    if (!following) return;
    const seen = channel.getConnectivityState(false);
    channel.watchConnectivityState(seen, Number.POSITIVE_INFINITY, () => {
      if (closed) return;
      listeners.tell(current());
      follow();
    });
  }

  return {
    current,
    watch(listener) {
      const watching = listeners.watch(listener);
      if (!following) follow();
      return watching;
    },
    closed() {
      closed = true;
      listeners.tell('closed');
      listeners.clear();
    },
  };
}

const names: Readonly<Record<State, ConnectionState>> = {
  [State.IDLE]: 'idle',
  [State.CONNECTING]: 'connecting',
  [State.READY]: 'ready',
  [State.TRANSIENT_FAILURE]: 'failing',
  [State.SHUTDOWN]: 'closed',
};
