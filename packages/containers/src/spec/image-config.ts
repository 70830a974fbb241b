import { posix } from 'node:path';
import { CtrdError, type ImageRunConfig, invalidArgument } from '@ctrd/core';
import { type EnvOption, mergedEnv, withEnv } from './env.js';
import { withMounts } from './mounts.js';
import { withArgs, withCwd } from './process.js';
import { compose, type SpecChange } from './runtime-spec.js';

/** What a container's options say over its image's config. */
export interface RunOverrides {
  /** Replaces the image's `cmd`; the entrypoint stays before it. */
  readonly args?: readonly string[] | undefined;
  /** Replaces the image's entrypoint; its `cmd` is not used then. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly env?: EnvOption | undefined;
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
    withImageEnv(config.env),
    withEnv(overrides.env ?? []),
    withCwd(overrides.cwd ?? (config.workingDir || '/')),
  );
}

/**
 * Keeps the volumes of an image writable under a read-only root: each becomes a folder in memory
 * that starts with the image's content, unless something is mounted on it or above it. Under a
 * writable root nothing changes: there they are part of the container's own layer, as for `ctr`.
 */
export function withImageVolumes(volumes: readonly string[]): SpecChange {
  const paths = volumes.map((volume) => {
    const path = posix.normalize(volume).replace(/(?<=.)\/$/, '');
    if (!path.startsWith('/') || path === '/') {
      throw invalidArgument('volumes', 'be absolute paths below the root', volume);
    }
    return path;
  });
  return (spec) => {
    if (spec.root.readonly !== true) return spec;
    const isFree = (path: string) =>
      spec.mounts.every(
        ({ destination }) => path !== destination && !path.startsWith(`${destination}/`),
      );
    const options = ['nosuid', 'nodev', 'mode=1777', 'tmpcopyup'];
    return withMounts(
      paths.filter(isFree).map((destination) => ({
        ...{ destination, type: 'tmpfs', source: 'tmpfs', options },
      })),
    )(spec);
  };
}

/** The image's variables below those that the spec has already. */
function withImageEnv(env: readonly string[]): SpecChange {
  return (spec) => ({
    ...spec,
    process: {
      ...spec.process,
      env: mergedEnv(env.length > 0 ? env : [defaultPath], spec.process.env),
    },
  });
}
