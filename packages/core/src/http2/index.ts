export { type Http2Options, http2Connector } from './connector.js';
