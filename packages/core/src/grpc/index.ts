export { type GrpcOptions, grpcConnector } from './connector.js';
