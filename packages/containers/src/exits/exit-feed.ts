import { randomBytes } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type TaskDelete,
  TaskDeleteSchema,
  type TaskExecStarted,
  TaskExecStartedSchema,
  type TaskExit,
  TaskExitSchema,
} from '@ctrd/api/events';
import { Events } from '@ctrd/api/services/events/v1';
import type { Envelope } from '@ctrd/api/types/event';
import { filters, mergeSignals, pause, type Rpc, throwIfAborted } from '@ctrd/core';
import { pauseMs, throwIfHopeless } from './process-state.js';

/**
 * What a feed says: that everything from now on will be told (`stands`), that nothing will, for now
 * (`cut`), or what has happened.
 */
export type News = 'stands' | 'cut' | TaskExit | TaskDelete | TaskExecStarted;

const schemas = {
  '/tasks/exit': TaskExitSchema,
  '/tasks/delete': TaskDeleteSchema,
  '/tasks/exec-started': TaskExecStartedSchema,
} as const;

/**
 * The starts and ends of all processes of the client's namespace, from one subscription, which is
 * made again whenever it was cut off. Ends with the signal; throws what no attempt can mend.
 */
export async function* exitFeed(rpc: Rpc, signal: AbortSignal): AsyncGenerator<News> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const news of subscription(rpc, signal)) {
        attempt = 0;
        yield news;
      }
    } catch (error) {
      throwIfAborted(signal);
      throwIfHopeless(error);
    }
    yield 'cut';
    await pause(pauseMs(attempt), signal);
  }
}

/**
 * One subscription. The daemon does not say when it stands, and an exit that is missed in that
 * moment would be missed for good: so that it is sure, an event of our own is published until it comes.
 */
async function* subscription(rpc: Rpc, signal: AbortSignal): AsyncGenerator<News> {
  const left = new AbortController();
  using merged = mergeSignals({ signal: left.signal }, signal);
  const events = rpc.client(Events);
  const beacon = `/ctrd/subscribed/${randomBytes(8).toString('hex')}`;
  const heard = new AbortController();
  try {
    const call = { signal: merged.signal, waitForReady: true };
    const envelopes = events.subscribe(
      { filters: [...Object.keys(schemas), beacon].map((topic) => within(rpc, topic)) },
      { ...call, role: 'stream' },
    );
    publish(rpc, beacon, heard.signal).catch((error: unknown) => left.abort(error));
    for await (const envelope of envelopes) {
      const news = newsOf(envelope);
      if (news !== undefined) yield news;
      else if (envelope.topic === beacon && !heard.signal.aborted) {
        heard.abort();
        yield 'stands';
      }
    }
  } finally {
    heard.abort();
    // An answer that is asked for already would be waited for otherwise.
    left.abort();
  }
}

/** Publishes until the signal ends. */
async function publish(rpc: Rpc, topic: string, signal: AbortSignal): Promise<void> {
  const { publish } = rpc.client(Events);
  const event = { typeUrl: 'google.protobuf.Empty', value: new Uint8Array() };
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await publish({ topic, event }, { signal, waitForReady: true });
      await pause(pauseMs(attempt), signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
}

function within({ namespace }: Rpc, topic: string): string {
  return filters.all(filters.equals('namespace', namespace), filters.equals('topic', topic));
}

function newsOf({ topic, event }: Envelope): News | undefined {
  if (event === undefined || !Object.hasOwn(schemas, topic)) return undefined;
  return fromBinary(schemas[topic as keyof typeof schemas], event.value);
}
