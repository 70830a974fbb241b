import { type ConfigFile, contextNamed } from './config-file.js';
import type { GlobalOptions } from './context.js';

/** Where a command goes. */
export interface Settings {
  /** Undefined: containerd's usual socket. */
  readonly address: string | undefined;
  readonly namespace: string;
  /** Undefined: the client's choice. */
  readonly snapshotter: string | undefined;
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
  return {
    address: choose('address'),
    namespace: choose('namespace') ?? 'default',
    snapshotter: choose('snapshotter'),
  };
}
