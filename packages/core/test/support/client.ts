import { create } from '@bufbuild/protobuf';
import {
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '@ctrd/api/grpc/health/v1';
import { ctrd } from '../../src/kernel/builder.js';
import type { ClientOptions } from '../../src/kernel/client-options.js';
import { Transport } from '../../src/rpc/transport.js';
import { fakeTransport } from './fake-transport.js';

/** A transport to a daemon that only says that it serves. */
export function serving() {
  const { SERVING: status } = HealthCheckResponse_ServingStatus;
  return fakeTransport(async () => create(HealthCheckResponseSchema, { status }));
}

/** A builder of clients of such a daemon. */
export function withoutDaemon(options: ClientOptions = {}) {
  return ctrd({ address: '/nowhere.sock', namespace: 'test', ...options }).provide(
    Transport,
    serving(),
  );
}
