import { InvalidArgumentError, Option } from 'commander';
import type { Run } from './context.js';

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
  /** It forwards SIGINT and SIGTERM to a container, and is not ended by them itself. */
  readonly forwardsSignals?: boolean;
  readonly commands?: readonly CommandSpec[];
  /** Each has options of its own, which the program hands over as they were read. */
  readonly load?: () => Promise<Run<never>>;
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

/** A number of at least 0. */
export function number(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
      throw new InvalidArgumentError('It must be a number of at least 0.');
    }
    return value;
  });
}

/** Bytes: `512m`, `2g`. */
export function bytes(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseBytes);
}

/** Reads a size in bytes with one of docker's suffixes (powers of 1024). */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text.trim());
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match?.[2] ?? '').toLowerCase());
  if (match === null) throw new InvalidArgumentError('It must be a size, such as 512m or 2g.');
  return Math.round(Number(match[1]) * 1024 ** power);
}
