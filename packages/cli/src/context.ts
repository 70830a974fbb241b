import type { DefaultClient } from '@ctrd/client';
import type { connectDaemon } from './clients/daemon-client.js';
import type { SignalRelay } from './terminal/signals.js';

/** What the options before the command say. */
export interface GlobalOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly snapshotter?: string;
  readonly context?: string;
  readonly output?: OutputFormat;
}

export type OutputFormat = 'table' | 'json';

/** How results are printed. */
export interface PrintOptions {
  readonly output: OutputFormat;
  /** A template for each row, `{{.name}}`. */
  readonly template?: string | undefined;
}

/** What a command works with that needs no daemon. */
export interface LocalContext {
  readonly print: PrintOptions;
  /** The daemon's socket, as far as options, environment and context say. */
  readonly address: string | undefined;
  readonly namespace: string;
  readonly snapshotter: string | undefined;
  /** Undefined: the client's choice. */
  readonly runtimeDir: string | undefined;
  /** Ends with SIGINT or SIGTERM, unless they are forwarded. */
  readonly signal: AbortSignal;
  readonly signals: SignalRelay;
  /** Sets the exit code of the program. */
  exit(code: number): void;
}

/** What a command works with. */
export interface Context extends LocalContext {
  readonly client: DefaultClient;
}

/** What a command works with that needs the daemon and nothing in it. */
export interface DaemonContext extends LocalContext {
  readonly client: Awaited<ReturnType<typeof connectDaemon>>;
}

/** A command's work: its arguments, its options, and what it works with. */
export type Run<Options = Record<string, never>> = (
  args: readonly string[],
  options: Options,
  context: Context,
) => Promise<void>;

/** The work of a command that needs no daemon. */
export type LocalRun<Options = Record<string, never>> = (
  args: readonly string[],
  options: Options,
  context: LocalContext,
) => Promise<void>;

/** The work of a command that needs the daemon alone. */
export type DaemonRun<Options = Record<string, never>> = (
  args: readonly string[],
  options: Options,
  context: DaemonContext,
) => Promise<void>;
