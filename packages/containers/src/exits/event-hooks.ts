import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  type EventsAPIClient,
  filters,
  hasCode,
  type KnownEvent,
  type PluginContext,
  toCtrdError,
} from '@ctrd/core';
import { type ContainerEvent, containerEvent } from './moments.js';

/**
 * Tells handlers of what the daemon says of containers, of every client's. One subscription, which
 * begins with the first handler and ends with the client.
 */
export function createEventHooks(context: PluginContext): { begin(): void } {
  let begun = false;
  const signal = context.closing;

  async function follow(): Promise<void> {
    const topics = ['/tasks/exit', '/tasks/oom'].map((topic) => filters.equals('topic', topic));
    const told = recently();
    const client = context.client<EventsAPIClient>();
    for await (const event of client.events({ filters: topics, signal })) {
      const of = event.kind === 'gap' || event.kind === 'other' ? undefined : eventOf(event);
      // A daemon may say a thing twice.
      if (of === undefined || told(JSON.stringify(of))) continue;
      await context.hooks.tell(containerEvent, of, { signal });
    }
  }

  return {
    begin() {
      if (begun) return;
      begun = true;
      follow().catch((error: unknown) => {
        begun = false;
        const closed = hasCode(error, 'aborted') || signal.aborted;
        if (!closed) context.report({ source: 'events of containers', error: toCtrdError(error) });
      });
    },
  };
}

/** What a handler is told of an event; `undefined` for one that tells of no container. */
function eventOf(event: KnownEvent): ContainerEvent | undefined {
  if (event.kind === '/tasks/oom') {
    const { containerId } = event.payload;
    return { containerId, action: 'oom', at: event.timestamp, attributes: {} };
  }
  if (event.kind !== '/tasks/exit') return undefined;
  const { containerId, id, exitStatus, exitedAt } = event.payload;
  // A status without a time is of a process that never ran.
  if (exitedAt === undefined || exitedAt.seconds <= 0n) return undefined;
  const at = timestampDate(exitedAt);
  const exitCode = String(exitStatus);
  if (id === containerId) return { containerId, action: 'die', at, attributes: { exitCode } };
  return { containerId, action: 'exec_die', at, attributes: { execId: id, exitCode } };
}

/** Whether something was said among the last thousand things. */
function recently(): (said: string) => boolean {
  const known = new Set<string>();
  return (said) => {
    if (known.has(said)) return true;
    known.add(said);
    const [oldest] = known;
    if (known.size > 1_000 && oldest !== undefined) known.delete(oldest);
    return false;
  };
}
