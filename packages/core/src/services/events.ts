import { fromBinary, type Message, type Registry } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { Events } from '@ctrd/api/services/events/v1';
import { Version } from '@ctrd/api/services/version/v1';
import type { Envelope } from '@ctrd/api/types/event';
import { type CtrdError, hasCode, invalidArgument } from '../errors/index.js';
import { mergeSignals, pause, throwIfAborted } from '../kernel/cancellation.js';
import { type Running, sequence } from '../kernel/operation.js';
import type { Rpc } from '../rpc/rpc.js';
import type { DaemonEvent, EventGap, EventsOptions } from './event.js';
import { eventRegistry } from './event-registry.js';
import { knownTopic } from './event-topics.js';
import { filters as conditions } from './filters.js';

/** The `events` method. */
export function eventOperations(rpc: Rpc) {
  return {
    events: sequence<EventsOptions, DaemonEvent | EventGap>((options) => follow(rpc, options)),
  };
}

/** Subscribes, and subscribes again when the connection was lost. */
async function* follow(
  rpc: Rpc,
  { filters = [], allNamespaces = false, reconnect = true, signal }: Running<EventsOptions>,
): AsyncGenerator<DaemonEvent | EventGap> {
  for (const filter of filters) {
    if (typeof filter !== 'string' || filter.trim() === '') {
      throw invalidArgument('filters', 'be texts that are not empty', filter);
    }
  }
  const registry = await eventRegistry();
  const wanted = allNamespaces ? filters : within(rpc.namespace, filters);
  let lost: { readonly from: Date; readonly cause: CtrdError } | undefined;
  let wasThere = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const envelope of subscribe(rpc, wanted, { signal, again: lost !== undefined })) {
        attempt = 0;
        wasThere = true;
        if (envelope !== 'stands') yield eventOf(envelope, registry);
        else if (lost !== undefined) {
          yield { kind: 'gap', ...lost, to: new Date() };
          lost = undefined;
        }
      }
      return;
    } catch (error) {
      throwIfAborted(signal);
      // A daemon that is not there at first is for the caller to know.
      if (!reconnect || !hasCode(error, 'unavailable')) throw error;
      wasThere ||= error.reason === 'dropped';
      if (!wasThere) throw error;
      lost ??= { from: new Date(), cause: error };
      await pause(pauseMs(attempt), signal);
    }
  }
}

/** From 20 ms, doubling up to a second. */
const pauseMs = (attempt: number): number => Math.min(20 * 2 ** attempt, 1_000);

/**
 * One subscription. One that comes `again` says when it `stands`: there is no word of that from the
 * daemon, but what it answers to a call that follows, it answers after it has subscribed.
 */
async function* subscribe(
  rpc: Rpc,
  filters: readonly string[],
  { signal, again }: { readonly signal: AbortSignal; readonly again: boolean },
): AsyncGenerator<Envelope | 'stands'> {
  const left = new AbortController();
  using merged = mergeSignals({ signal: left.signal }, signal);
  const options = { signal: merged.signal, waitForReady: again };
  const envelopes = rpc
    .client(Events)
    .subscribe({ filters: [...filters] }, { ...options, role: 'stream' });
  if (!again) return yield* envelopes;
  const source = envelopes[Symbol.asyncIterator]();
  try {
    let next = source.next();
    // Its failure is seen when its turn comes.
    next.catch(() => {});
    await rpc.client(Version).version({}, options);
    yield 'stands';
    for (let result = await next; result.done !== true; result = await next) {
      yield result.value;
      next = source.next();
    }
  } finally {
    // An answer that is asked for already would be waited for otherwise.
    left.abort();
    await source.return?.();
  }
}

/** Filters are alternatives, so that each must say the namespace. */
function within(namespace: string, filters: readonly string[]): readonly string[] {
  const scope = conditions.equals('namespace', namespace);
  return filters.length === 0 ? [scope] : filters.map((filter) => conditions.all(scope, filter));
}

function eventOf(
  { topic, namespace, timestamp, event }: Envelope,
  registry: Registry,
): DaemonEvent {
  // 1.6 sends the bare name, others may put an authority before it.
  const type = event?.typeUrl.split('/').at(-1) ?? '';
  const bytes = event?.value ?? new Uint8Array();
  const payload = decoded(type, bytes, registry);
  const kind = payload === undefined ? undefined : knownTopic(topic, type);
  return {
    ...{ kind: kind ?? 'other', topic, namespace, type, payload, bytes },
    timestamp: timestamp === undefined ? new Date(0) : timestampDate(timestamp),
    // The table of topics has checked that kind and payload belong together.
  } as DaemonEvent;
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
