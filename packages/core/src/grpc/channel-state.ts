import { type Channel, connectivityState as State } from '@grpc/grpc-js';
import type { ConnectionState } from '../rpc/transport.js';

type Listener = (state: ConnectionState) => void;

/** The state of a channel, told to those who listen. */
export interface ChannelStates {
  current(): ConnectionState;
  watch(listener: Listener): Disposable;
  /** Says that the channel was closed. */
  closed(): void;
}

export function watchChannel(channel: Channel): ChannelStates {
  const listeners = new Set<{ readonly tell: Listener }>();
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
      tell();
      follow();
    });
  }

  function tell(): void {
    for (const listener of [...listeners]) listener.tell(current());
  }

  return {
    current,
    watch(listener) {
      const entry = { tell: listener };
      listeners.add(entry);
      if (!following) follow();
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
    closed() {
      closed = true;
      tell();
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
