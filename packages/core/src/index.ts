export type {
  CareAPIClient,
  CareProblem,
  DoctorReport,
  SweepOptions,
  SweepReport,
} from './care/care-api.js';
export { type Caretaker, Caretakers, type Finding, type Found } from './care/caretaker.js';
export { Owner, type OwnerState, ownerLabel } from './care/owner.js';
export { processOwner } from './care/process-owner.js';
export { type ImageRunConfig, ImageSource, type ResolvedImage } from './contracts/image-source.js';
export { type MountSpec, type SnapshotPlace, SnapshotSource } from './contracts/snapshot-source.js';
export {
  type Binding,
  bind,
  type Contribution,
  contribute,
  type Factory,
  type Resolver,
} from './di/binding.js';
export { type Contributions, contributions, type Token, token } from './di/token.js';
export {
  CtrdError,
  checkMilliseconds,
  type ErrorCode,
  type ErrorFacts,
  hasCode,
  invalidArgument,
  toCtrdError,
} from './errors/index.js';
export { type ClientBuilder, ctrd, type OperationName } from './kernel/builder.js';
export {
  abortError,
  type MergedSignal,
  mergeSignals,
  orAborted,
  pause,
  throwIfAborted,
  uninterrupted,
  withDeadline,
} from './kernel/cancellation.js';
export type {
  Client,
  ClientBase,
  ClientDescription,
  PartDescription,
  PluginDescription,
} from './kernel/client.js';
export type { ClientOptions } from './kernel/client-options.js';
export { identifierRule, isIdentifier } from './kernel/identifier.js';
export { leavable } from './kernel/leavable.js';
export { createLimit, type Limit } from './kernel/limit.js';
export type { Middleware, MiddlewareOf, OperationCall } from './kernel/middleware.js';
export type {
  ChangeHandler,
  ChangeMoment,
  Handler,
  HandlerContext,
  HandlerPolicy,
  Moment,
} from './kernel/moment.js';
export { changeMoment, type Hooks, moment } from './kernel/moment.js';
export type { CallControl } from './kernel/operation.js';
export {
  type MethodsOf,
  type Operation,
  type OperationsOf,
  type OptionsArgument,
  onOptions,
  onSubject,
  type Running,
  sequence,
  sequenceOnSubject,
} from './kernel/operation.js';
export {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type PluginParts,
} from './kernel/plugin.js';
export { type Failure, Report } from './kernel/report.js';
export { createRollback, type Rollback } from './kernel/rollback.js';
export type { CallOptions, CallRole, StreamCall, UnaryCall } from './rpc/call.js';
export { createServiceClient } from './rpc/create-service-client.js';
export type { RpcInterceptor } from './rpc/interceptor.js';
export { Address, Interceptors, Rpc, type RpcScope } from './rpc/rpc.js';
export type { ServiceClient } from './rpc/service-client.js';
export { shortened } from './rpc/shortened.js';
export {
  type Connection,
  type ConnectionState,
  Connector,
  Transport,
} from './rpc/transport.js';
export { type CloseOnSignalsOptions, closeOnSignals } from './services/close-on-signals.js';
export type { CoreApi, CoreTokens } from './services/core-plugin.js';
export type {
  CreateLeaseOptions,
  DaemonAPIClient,
  DaemonDeprecation,
  DaemonFeature,
  DaemonInfo,
  DaemonPlugin,
  DaemonVersion,
  Filtered,
  HoldLeaseOptions,
  NamespaceInfo,
} from './services/daemon-api.js';
export { DefaultSnapshotter } from './services/default-snapshotter.js';
export type {
  DaemonEvent,
  EventGap,
  EventsAPIClient,
  EventsOptions,
  KnownEvent,
  OtherEvent,
} from './services/event.js';
export type { EventPayloads, EventTopic } from './services/event-topics.js';
export { type FilterField, filters } from './services/filters.js';
export { checkLabels, fitsLabel } from './services/labels.js';
export { type Lease, type LeaseInfo, type LeaseResource, Leases } from './services/leases.js';
export { RuntimeDir } from './services/runtime-dir.js';
