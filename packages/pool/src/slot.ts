import { type Connection, type ConnectionState, CtrdError } from '@ctrd/core';

/**
 * A place for one connection: it is opened when it is first used, may be closed when it is not, and
 * is opened again.
 */
export interface Slot {
  readonly state: ConnectionState;
  /** The connection, if it is open. */
  readonly open: Connection | undefined;
  /** The connection, opened if need be. Throws `unavailable` when it was closed for good. */
  use(): Connection;
  /** Closes the connection; the next use opens another one. */
  rest(): Promise<void>;
  /** Closes the connection for good. */
  close(): Promise<void>;
}

/** @param onState - told of each new state. */
export function createSlot(
  open: () => Connection,
  onState: (state: ConnectionState) => void,
): Slot {
  let connection: Connection | undefined;
  let watching: Disposable | undefined;
  let closed = false;
  const state = () => (closed ? 'closed' : (connection?.state ?? 'idle'));

  async function rest(): Promise<void> {
    const shutting = connection;
    connection = undefined;
    watching?.[Symbol.dispose]();
    if (shutting === undefined) return;
    onState(state());
    await shutting.close();
  }

  return {
    get state() {
      return state();
    },
    get open() {
      return connection;
    },
    use() {
      if (closed) {
        throw new CtrdError('the connection has left the pool', {
          code: 'unavailable',
          reason: 'closed',
        });
      }
      if (connection === undefined) {
        connection = open();
        watching = connection.watch(onState);
      }
      return connection;
    },
    rest,
    async close() {
      closed = true;
      await rest();
    },
  };
}
