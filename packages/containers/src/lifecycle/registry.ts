import type { LiveProcess } from './live-process.js';

/** A container of this client. */
export interface LiveContainer {
  readonly id: string;
  readonly pid: number;
  readonly process: LiveProcess;
  readonly execs: Map<string, LiveProcess>;
}

/** The containers of this client, by id. */
export interface Registry {
  get(id: string): LiveContainer | undefined;
  add(container: LiveContainer): void;
  remove(container: LiveContainer): void;
  all(): readonly LiveContainer[];
}

export function createRegistry(): Registry {
  const containers = new Map<string, LiveContainer>();
  return {
    get: (id) => containers.get(id),
    add: (container) => void containers.set(container.id, container),
    // An id may belong to a later container by now.
    remove(container) {
      if (containers.get(container.id) === container) containers.delete(container.id);
    },
    all: () => [...containers.values()],
  };
}
