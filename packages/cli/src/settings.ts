import { resolve } from 'node:path';
import { type ConfigFile, contextNamed } from './config-file.js';
import type { GlobalOptions } from './context.js';

/** Where a command goes. */
export interface Settings {
  /** Undefined: containerd's usual socket. */
  readonly address: string | undefined;
  readonly namespace: string;
  /** Undefined: the client's choice. */
  readonly snapshotter: string | undefined;
  /** Undefined: the client's choice. */
  readonly runtimeDir: string | undefined;
}

/**
 * An option goes before a variable of the environment, that before the context. A context that is
 * named by `--context` goes before the variables, since it was asked for on the spot.
 */
export function settingsOf(
  options: GlobalOptions,
  env: NodeJS.ProcessEnv,
  config: ConfigFile,
): Settings {
  const named = options.context;
  const name = named ?? (env['CTRD_CONTEXT'] || config.current);
  const context = name === undefined ? {} : contextNamed(config, name);
  const choose = (key: 'address' | 'namespace' | 'snapshotter'): string | undefined => {
    const variable = env[`CONTAINERD_${key.toUpperCase()}`] || undefined;
    const order = named === undefined ? [variable, context[key]] : [context[key], variable];
    return options[key] ?? order[0] ?? order[1];
  };
  const runtimeDir = env['CTRD_RUNTIME_DIR'];
  return {
    address: choose('address'),
    namespace: choose('namespace') ?? 'default',
    snapshotter: choose('snapshotter'),
    // The shim opens what is in it, from a folder of its own.
    runtimeDir: runtimeDir ? resolve(runtimeDir) : undefined,
  };
}
