export { type Daemon, startDaemon } from './daemon.js';
export type { DaemonOptions, RestartPolicy } from './daemon-options.js';
export { embeddedDaemon } from './plugin.js';
export type { DaemonState } from './supervisor.js';
