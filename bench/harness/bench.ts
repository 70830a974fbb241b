import type { DaemonPlace } from '../../e2e/support/daemon-process.js';
import type { GoPeer } from './go-peer.js';

/** What a benchmark runs on. */
export interface Setting {
  readonly daemon: DaemonPlace;
  /** Where the daemon tells of itself. */
  readonly debugSocket: string;
  /** A namespace of the daemon with the busybox image in it. */
  readonly namespace: string;
  readonly image: string;
  /** How often each variant is measured. */
  readonly rounds: number;
  /** The Go client, where Go is installed. */
  readonly go: GoPeer | undefined;
}

/** One comparison. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** Gives the tables, as Markdown. */
  run(setting: Setting): Promise<string>;
}
