// #region light
import { containers } from '@ctrd/containers';
import { type ClientOptions, Connector, ctrd } from '@ctrd/core';
import { http2Connector } from '@ctrd/core/http2';
import { snapshots } from '@ctrd/snapshots';

/** A client without grpc-js. */
export function connect(options: ClientOptions) {
  return ctrd(options)
    .provide(Connector, http2Connector())
    .use(snapshots())
    .use(containers())
    .connect();
}
// #endregion
