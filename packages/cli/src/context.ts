import type { DefaultClient } from '@ctrd/client';

/** What the options before the command say. */
export interface GlobalOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly snapshotter?: string;
  readonly output: 'table' | 'json';
}

/** What a command works with. */
export interface Context {
  readonly options: GlobalOptions;
  readonly client: DefaultClient;
  /** Ends with SIGINT or SIGTERM, unless the command forwards them. */
  readonly signal: AbortSignal;
  readonly namespace: string;
  /** Sets the exit code of the program. */
  exit(code: number): void;
}

/** A command's work: its arguments, its options, and what it works with. */
export type Run<Options = Record<string, never>> = (
  args: readonly string[],
  options: Options,
  context: Context,
) => Promise<void>;
