import { fromBinary, type Message, type Registry } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Events } from '@ctrd/api/services/events/v1';
import type { Envelope } from '@ctrd/api/types/event';
import { invalidArgument } from '../errors/index.js';
import { type Running, sequence } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonEvent, EventsOptions } from './event.js';
import { eventRegistry } from './event-registry.js';

/** The `events` method. */
export function eventOperations(rpc: Rpc) {
  return {
    events: sequence<EventsOptions, DaemonEvent>((options) => subscribe(rpc, options)),
  };
}

async function* subscribe(
  rpc: Rpc,
  { filters = [], allNamespaces = false, signal }: Running<EventsOptions>,
): AsyncGenerator<DaemonEvent> {
  for (const filter of filters) {
    if (typeof filter !== 'string' || filter.trim() === '') {
      throw invalidArgument('filters', 'be texts that are not empty', filter);
    }
  }
  const registry = await eventRegistry();
  const wanted = allNamespaces ? filters : within(rpc.namespace, filters);
  const envelopes = rpc
    .client(Events)
    .subscribe({ filters: [...wanted] }, { signal, role: 'stream' });
  for await (const envelope of envelopes) yield eventOf(envelope, registry);
}

/** Filters are alternatives, so that each must say the namespace. */
function within(namespace: string, filters: readonly string[]): readonly string[] {
  const scope = `namespace==${JSON.stringify(namespace)}`;
  return filters.length === 0 ? [scope] : filters.map((filter) => `${scope},${filter}`);
}

function eventOf(
  { topic, namespace, timestamp, event }: Envelope,
  registry: Registry,
): DaemonEvent {
  // 1.6 sends the bare name, others may put an authority before it.
  const type = event?.typeUrl.split('/').at(-1) ?? '';
  const bytes = event?.value ?? new Uint8Array();
  return {
    topic,
    namespace,
    timestamp: timestamp === undefined ? new Date(0) : timestampDate(timestamp),
    type,
    payload: decoded(type, bytes, registry),
    bytes,
  };
}

/** One payload that cannot be read does not end the stream. */
function decoded(type: string, bytes: Uint8Array, registry: Registry): Message | undefined {
  const schema = registry.getMessage(type);
  try {
    return schema && fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}
