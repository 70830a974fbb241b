export {
  type Blob,
  busyboxImage,
  busyboxRootfs,
  type Descriptor,
  descriptor,
  dir,
  dockerArchive,
  type Entry,
  file,
  type Image,
  type ImageOptions,
  json,
  ociArchive,
  ociIndexArchive,
  symlink,
  tar,
} from '../../tools/busybox-image/index.js';
export { containerdBinaries, type Line, lines } from '../../tools/matrix/index.js';
export { type Mischief, type TestRegistry, testRegistry } from '../../tools/test-registry/index.js';
export { bundleCli } from './bundle-cli.js';
export {
  type BusyboxClient,
  busyboxClient,
  type ContainersClient,
  containersClient,
} from './busybox-client.js';
export { type Cli, cliIn } from './cli.js';
export { cliFixture } from './cli-fixture.js';
export { type ClientProgram, clientProgram } from './client-program.js';
export { criuPrograms } from './criu.js';
export {
  daemon,
  namespaceOf,
  type PrivateDaemon,
  privateDaemon,
  type TestDaemon,
} from './daemon.js';
export type { DaemonPlace } from './daemon-process.js';
export { freeze } from './freeze.js';
export { busyboxImageTar, busyboxName, importBusybox } from './image.js';
export { type LeakOracle, leakOracle, type OracleOptions, type Remains } from './leak-oracle.js';
export { type LosingProxy, losingProxy } from './losing-proxy.js';
export { buildah, podman } from './podman.js';
export { type ProxyServer, proxyServer } from './proxy-server.js';
export { type PullOutcome, type PullProcess, type PullStep, pullProcess } from './pull-process.js';
export {
  type DebianRegistry,
  debianRegistry,
  htpasswd,
  privateAuthority,
} from './registry.js';
export { isAlive, type Shim, shimSocket, shims } from './remains.js';
export { openTerminal, type Terminal } from './terminal.js';
export { type TokenServer, tokenServer } from './token-server.js';
export { type WaitOptions, waitFor } from './wait-for.js';
