import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { Events } from '@ctrd/api/services/events/v1';
import { Tasks } from '@ctrd/api/services/tasks/v1';
import { Version } from '@ctrd/api/services/version/v1';
import type { CallOptions, StreamCall, UnaryCall } from '@ctrd/core';

/** A short call. */
export function short(options: CallOptions = {}): UnaryCall {
  return { method: Version.method.version, request: create(EmptySchema), options };
}

/** A Wait: unary, but open as long as its process runs. */
export function long(options: CallOptions = {}): UnaryCall {
  const { method } = Tasks;
  return {
    method: method.wait,
    request: create(method.wait.input, { containerId: 'job' }),
    options: { role: 'stream', ...options },
  };
}

/** A subscription to events. */
export function watching(options: CallOptions = {}): StreamCall {
  const { subscribe } = Events.method;
  return {
    method: subscribe,
    requests: (async function* () {
      yield create(subscribe.input);
    })(),
    options: { role: 'stream', ...options },
  };
}
