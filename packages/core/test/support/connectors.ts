import { grpcConnector } from '../../src/grpc/index.js';
import { http2Connector } from '../../src/http2/index.js';

/** Every transport: they must behave alike. */
export const connectors = [
  { over: 'grpc-js', connector: grpcConnector() },
  { over: 'node:http2', connector: http2Connector() },
];
