import type { Binding } from '../di/binding.js';
import type { RpcInterceptor } from '../rpc/interceptor.js';
import type { ClientOptions } from './client-options.js';
import type { Middleware } from './middleware.js';
import type { Hooks } from './moment.js';
import type { Plugin } from './plugin.js';

/** Everything a host has said so far; the builder adds to it, `connect()` makes a client of it. */
export interface Composition {
  readonly options: ClientOptions;
  readonly plugins: readonly Plugin[];
  /** The host's own parts, which go before those of plugins. */
  readonly bindings: readonly Binding[];
  readonly middleware: readonly { readonly operation: string; readonly run: Middleware }[];
  readonly interceptors: readonly RpcInterceptor[];
  readonly handlers: readonly ((hooks: Hooks) => void)[];
}
