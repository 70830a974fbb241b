import { createRegistry, type Registry } from '@bufbuild/protobuf';
import { anyUnpack, timestampDate } from '@bufbuild/protobuf/wkt';
import { Events } from '@ctrd/api/services/events/v1';
import type { Envelope } from '@ctrd/api/types/event';
import { invalidArgument } from '../errors/index.js';
import { type Running, sequence } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonEvent, EventsOptions } from './event.js';

/** The `events` method. */
export function events(rpc: Rpc) {
  return sequence<EventsOptions, DaemonEvent>((options) => subscribe(rpc, options));
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
  const scope = allNamespaces ? '' : `namespace==${rpc.namespace}`;
  const wanted = filters.length === 0 ? [''] : filters;
  const narrowed = wanted.map((filter) => [scope, filter].filter((part) => part !== '').join(','));
  const answers = rpc
    .client(Events)
    .subscribe({ filters: narrowed.filter((filter) => filter !== '') }, { signal, role: 'stream' });
  for await (const envelope of answers) yield eventOf(envelope, registry);
}

function eventOf(envelope: Envelope, registry: Registry): DaemonEvent {
  const { topic, namespace, timestamp, event } = envelope;
  const payload = event === undefined ? undefined : anyUnpack(event, registry);
  return {
    topic,
    namespace,
    timestamp: timestamp ? timestampDate(timestamp) : new Date(0),
    type: event?.typeUrl.split('/').at(-1) ?? '',
    payload: payload as Record<string, unknown> | undefined,
  };
}

let loading: Promise<Registry> | undefined;

/** The messages of events, loaded when somebody first listens. */
function eventRegistry(): Promise<Registry> {
  loading ??= Promise.all([
    import('@ctrd/api/events'),
    import('@ctrd/api/services/images/v1/events'),
  ]).then(([events, images]) =>
    createRegistry(
      events.file_containerd_events_events,
      images.file_containerd_services_images_v1_events,
    ),
  );
  return loading;
}
