import { Option } from 'commander';
import type { DaemonRun, LocalRun, Run } from './context.js';

/** A command: how it is called and explained, and where its work is loaded from. */
export interface CommandSpec {
  /** As commander writes it: `run <image> [args...]`. */
  readonly usage: string;
  readonly alias?: string;
  readonly description: string;
  readonly options?: readonly Option[];
  readonly examples?: readonly string[];
  /** What follows the first argument is the container's, not ours: `run -it alpine ls -l`. */
  readonly passThrough?: boolean;
  /** It prints what it finds, and takes `--output` and `--format` for that. */
  readonly prints?: boolean;
  /** It looks for what owners that died have left. */
  readonly sweeps?: boolean;
  /** What it holds in the daemon is for the time it runs: of one that is killed, `sweep` removes it. */
  readonly transient?: boolean;
  /** Not for people: no help shows it. */
  readonly hidden?: boolean;
  readonly commands?: readonly CommandSpec[];
  /** Each has options of its own, which the program hands over as they were read. */
  readonly load?: () => Promise<Run<never>>;
  /** For a command that needs the daemon alone: less is loaded for it. */
  readonly loadDaemon?: () => Promise<DaemonRun<never>>;
  /** For a command that needs no daemon. */
  readonly loadLocal?: () => Promise<LocalRun<never>>;
}

/** An option that may come again: `-e A=1 -e B=2`. */
export function list(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ];
  return new Option(flags, description).argParser<readonly string[]>(collect);
}

export function flag(flags: string, description: string): Option {
  return new Option(flags, description);
}

/** An option whose text is read by a parser, which throws `InvalidArgumentError`. */
export function parsed<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser(parse);
}

/** An option of one of a few words. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices([...words]);
}
