import { create } from '@bufbuild/protobuf';
import {
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '@ctrd/api/grpc/health/v1';
import { ctrd } from '../../src/kernel/builder.js';
import type { ClientOptions } from '../../src/kernel/client-options.js';
import { Transport } from '../../src/rpc/transport.js';
import { fakeTransport } from './fake-transport.js';

/** A builder of clients whose daemon only says that it serves. */
export function withoutDaemon(options: ClientOptions = {}) {
  const { SERVING: status } = HealthCheckResponse_ServingStatus;
  const transport = fakeTransport(async () => create(HealthCheckResponseSchema, { status }));
  return ctrd({ address: '/nowhere.sock', namespace: 'test', ...options }).provide(
    Transport,
    transport,
  );
}
