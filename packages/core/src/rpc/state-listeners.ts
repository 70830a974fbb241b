import type { ConnectionState } from './transport.js';

type Listener = (state: ConnectionState) => void;

/** Those who watch the state of a connection. One listener may watch more than once. */
export interface StateListeners {
  readonly size: number;
  watch(listener: Listener): Disposable;
  tell(state: ConnectionState): void;
  clear(): void;
}

export function stateListeners(): StateListeners {
  const entries = new Set<{ readonly listener: Listener }>();
  return {
    get size() {
      return entries.size;
    },
    watch(listener) {
      const entry = { listener };
      entries.add(entry);
      return { [Symbol.dispose]: () => void entries.delete(entry) };
    },
    tell(state) {
      for (const { listener } of [...entries]) listener(state);
    },
    clear: () => entries.clear(),
  };
}
