import { CtrdError, type ImageRunConfig } from '@ctrd/core';
import { mergedEnv, withArgs, withCwd, withEnv } from './process.js';
import { compose, type SpecChange } from './runtime-spec.js';

/** What a container's options say over its image's config. */
export interface RunOverrides {
  /** Replaces the image's `cmd`; the entrypoint stays before it. */
  readonly args?: readonly string[] | undefined;
  /** Replaces the image's entrypoint; its `cmd` is not used then. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly env?: readonly string[] | Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
}

/** Where a shell looks for programs when the image does not say. */
export const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The program, environment and working folder of an image's config and what overrides it. Throws
 * `invalid-argument` when neither says what to run.
 */
export function withImageConfig(config: ImageRunConfig, overrides: RunOverrides): SpecChange {
  const { entrypoint = config.entrypoint, args } = overrides;
  const cmd = args ?? (overrides.entrypoint === undefined ? config.cmd : []);
  const command = [...entrypoint, ...cmd];
  if (command.length === 0) {
    throw new CtrdError('args must say what to run: the image has no command of its own', {
      code: 'invalid-argument',
      field: 'args',
    });
  }
  return compose(
    withArgs(command),
    (spec) => ({
      ...spec,
      process: {
        ...spec.process,
        env: mergedEnv(config.env.length > 0 ? config.env : [defaultPath], spec.process.env),
      },
    }),
    withEnv(overrides.env ?? []),
    withCwd(overrides.cwd ?? (config.workingDir || '/')),
  );
}
