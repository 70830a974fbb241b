// The kernel alone, for a program that must start fast: nothing of containers, images, snapshots and
// private daemons is loaded with it.
export {
  type Caretaker,
  Caretakers,
  Connector,
  CtrdError,
  contribute,
  ctrd,
  definePlugin,
  type Finding,
  hasCode,
  invalidArgument,
  Owner,
  ownerLabel,
  processOwner,
  Report,
} from '@ctrd/core';
export { http2Connector } from '@ctrd/core/http2';
