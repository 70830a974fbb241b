import type { Binding, Contribution, Resolver } from '../di/binding.js';
import type { Token } from '../di/token.js';
import type { RpcInterceptor } from '../rpc/interceptor.js';
import type { Middleware } from './middleware.js';
import type { Hooks } from './moment.js';
import type { MethodsOf, Operation } from './operation.js';
import type { Report } from './report.js';

/** What a plugin's `setup` works with. */
export interface PluginContext extends Resolver {
  /** The plugin's own name. */
  readonly name: string;
  readonly hooks: Hooks;
  /** Where failures go that nobody is there to catch. */
  readonly report: Report;
  /** Ends when the client closes. */
  readonly closing: AbortSignal;
  /**
   * The client that the plugin is part of, for handles whose methods are the client's: through its
   * middleware. Throws `failed-precondition` during `setup`, when there is no client yet.
   */
  client<Api extends object>(): Api;
}

/** What a plugin gives a client. */
export interface PluginParts {
  /** Methods that run through middleware, errors with their name, signals and time limits. */
  readonly operations?: Readonly<Record<string, Operation>>;
  /** Further members, as they are: a synchronous getter, a sub-object. */
  readonly members?: object;
  /** Runs at `connect()`, after the start of everything the plugin needs. */
  start?(options: { signal: AbortSignal }): void | Promise<void>;
  /** Runs at `close()`, before the stop of everything the plugin needs: calls still work. */
  stop?(): void | Promise<void>;
}

/** What a plugin is made of; see {@link definePlugin}. */
export interface PluginDefinition<
  Parts extends PluginParts = PluginParts,
  Requires extends Token = Token,
  Provides extends Binding = Binding,
> {
  /** Unique in a client; errors and `describe()` show it. */
  readonly name: string;
  /** Parts it cannot do without: a missing one is a compile error, and an error at `connect()`. */
  readonly requires?: readonly Requires[];
  /** Parts it uses when they are there (`context.find`), so that they are started before it. */
  readonly uses?: readonly Token[];
  /** Parts it makes for others. A host's `.provide()` goes before them. */
  readonly provides?: readonly Provides[];
  readonly contributes?: readonly Contribution[];
  /** Wraps operations of any plugin, by name; the host's own middleware is outside of it. */
  readonly middleware?: Readonly<Record<string, Middleware>>;
  readonly interceptors?: readonly RpcInterceptor[];
  /** Makes the parts. It does no I/O; that is for `start`. */
  setup?(context: PluginContext): Parts;
}

declare const shape: unique symbol;

/** A plugin, as `client.use()` takes it. `Needs` and `Gives` are names of tokens. */
export interface Plugin<
  out Api extends object = object,
  out Needs extends string = string,
  out Gives extends string = string,
> {
  readonly definition: PluginDefinition;
  readonly [shape]?: { api: Api; needs: Needs; gives: Gives };
}

type ApiOf<Parts extends PluginParts> = (Parts extends { operations: infer O extends object }
  ? MethodsOf<O>
  : unknown) &
  (Parts extends { members: infer M extends object } ? M : unknown) &
  object;

type NamesOf<T> = T extends Token<unknown, infer Name> ? Name : never;
type BoundNames<B> = B extends Binding<infer Name> ? Name : never;

/**
 * Makes a plugin. Its API, needs and provisions are inferred, so that the compiler can check a
 * client's composition.
 *
 * ```ts
 * const hello = () => definePlugin({
 *   name: 'hello',
 *   requires: [Rpc],
 *   setup: (context) => ({ operations: { greet: onSubject(async (id) => `hello, ${id}`) } }),
 * });
 * ```
 */
export function definePlugin<
  const Parts extends PluginParts = Record<never, never>,
  const Requires extends Token = never,
  const Provides extends Binding = never,
>(
  definition: PluginDefinition<Parts, Requires, Provides>,
): Plugin<ApiOf<Parts>, NamesOf<Requires>, BoundNames<Provides>> {
  return { definition: definition as unknown as PluginDefinition };
}
