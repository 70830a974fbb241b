import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { TaskDeleteSchema, TaskExecStartedSchema, TaskExitSchema } from '@ctrd/api/events';
import { Events } from '@ctrd/api/services/events/v1';
import { GetResponseSchema } from '@ctrd/api/services/tasks/v1';
import { type Envelope, EnvelopeSchema } from '@ctrd/api/types/event';
import { Status } from '@ctrd/api/types/task';
import { CtrdError, orAborted, type Rpc } from '@ctrd/core';

/** A process as the daemon sees it; none is `not-found`. */
export interface FakeProcess {
  pid: number;
  status: Status;
  exitStatus?: number;
}

/** A daemon of events and states alone, for orders of things that real ones show rarely. */
export interface EventDaemon {
  readonly rpc: Rpc;
  /** By `container` or `container/exec`. */
  readonly processes: Map<string, FakeProcess>;
  readonly counts: { subscriptions: number; looks: number; looksAtOnce: number };
  /** Whether subscriptions come into being. */
  serves: boolean;
  /** Holds the answers to questions for states until the promise resolves. */
  held: Promise<void> | undefined;
  exit(event: MessageInitShape<typeof TaskExitSchema>): void;
  deletion(event: MessageInitShape<typeof TaskDeleteSchema>): void;
  execStarted(event: MessageInitShape<typeof TaskExecStartedSchema>): void;
  /** Breaks the subscription off. */
  cut(error?: Error): void;
}

/** When everything ended. */
export const endedMs = 1_700_000_000_000;

export function eventDaemon(): EventDaemon {
  let stream: { readonly queue: Envelope[]; error: Error | undefined; wake(): void } | undefined;
  let looking = 0;
  const dropped = () => new CtrdError('dropped', { code: 'unavailable', reason: 'dropped' });

  function emit<S extends DescMessage>(topic: string, schema: S, event: MessageInitShape<S>): void {
    const value = toBinary(schema, create(schema, event));
    push(create(EnvelopeSchema, { topic, event: { typeUrl: schema.typeName, value } }));
  }

  function push(envelope: Envelope): void {
    stream?.queue.push(envelope);
    stream?.wake();
  }

  async function* subscribe(_request: unknown, { signal }: { signal: AbortSignal }) {
    daemon.counts.subscriptions += 1;
    if (!daemon.serves) throw dropped();
    const own = { queue: [] as Envelope[], wake: () => {}, error: undefined as Error | undefined };
    stream = own;
    for (;;) {
      for (const envelope of own.queue.splice(0)) yield envelope;
      if (own.error !== undefined) throw own.error;
      const woken = new Promise<void>((resolve) => {
        own.wake = resolve;
      });
      if (own.queue.length === 0 && own.error === undefined) await orAborted(signal, woken);
    }
  }

  async function get({ containerId, execId }: { containerId: string; execId: string }) {
    daemon.counts.looks += 1;
    looking += 1;
    daemon.counts.looksAtOnce = Math.max(daemon.counts.looksAtOnce, looking);
    const process = daemon.processes.get(execId === '' ? containerId : `${containerId}/${execId}`);
    const answer = process && { ...process };
    await (daemon.held ?? Promise.resolve());
    looking -= 1;
    if (answer === undefined) throw new CtrdError('no process', { code: 'not-found' });
    const ended = answer.status === Status.STOPPED ? { exitedAt: timestampFromMs(endedMs) } : {};
    return create(GetResponseSchema, { process: { ...answer, ...ended } });
  }

  const clients = new Map<unknown, object>([
    [
      Events,
      {
        subscribe,
        publish: async ({ topic }: { topic: string }) => push(create(EnvelopeSchema, { topic })),
      },
    ],
  ]);
  const rpc = {
    namespace: 'n',
    client: (service: unknown) => clients.get(service) ?? { get },
  } as unknown as Rpc;

  const daemon: EventDaemon = {
    rpc,
    processes: new Map(),
    counts: { subscriptions: 0, looks: 0, looksAtOnce: 0 },
    serves: true,
    held: undefined,
    exit: (event) => emit('/tasks/exit', TaskExitSchema, event),
    deletion: (event) => emit('/tasks/delete', TaskDeleteSchema, event),
    execStarted: (event) => emit('/tasks/exec-started', TaskExecStartedSchema, event),
    cut(error = dropped()) {
      if (stream !== undefined) stream.error = error;
      stream?.wake();
      stream = undefined;
    },
  };
  return daemon;
}
