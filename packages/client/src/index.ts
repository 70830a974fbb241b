// What a program that uses the client needs to name; everything else is in the packages.
export type {
  Container,
  ContainerInfo,
  ContainerOptions,
  ContainerProcess,
  ContainerStats,
  ExecOptions,
  ExitMessage,
  MountOption,
  Process,
  ProcessHandle,
  RestartOption,
  RunResult,
  SpecDevice,
  StdioOption,
} from '@ctrd/containers';
export {
  type CallControl,
  type Client,
  CtrdError,
  type ErrorCode,
  hasCode,
  invalidArgument,
} from '@ctrd/core';
export { type Daemon, type DaemonOptions, startDaemon } from '@ctrd/daemon';
export {
  checkLogin,
  dockerCredentials,
  type ImageChanges,
  type ImageInfo,
  type Login,
  removeLogin,
  storeLogin,
} from '@ctrd/images';
export type { SnapshotInfo, SnapshotTree } from '@ctrd/snapshots';
export type { APIClient } from './api-client.js';
export {
  type CreateClientOptions,
  createClient,
  type DefaultClient,
  defaultClient,
  type EmbeddedClient,
} from './create-client.js';
