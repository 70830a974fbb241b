// The kernel alone, for a program that must start fast: nothing of containers, images, snapshots and
// private daemons is loaded with it.
export { Connector, CtrdError, ctrd, hasCode, invalidArgument, Owner } from '@ctrd/core';
export { http2Connector } from '@ctrd/core/http2';
