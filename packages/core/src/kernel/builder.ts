import { type Binding, bind, type Factory } from '../di/binding.js';
import type { Token } from '../di/token.js';
import type { RpcInterceptor } from '../rpc/interceptor.js';
import { type CoreApi, type CoreTokens, corePlugin } from '../services/core-plugin.js';
import { assemble } from './assemble.js';
import type { Client } from './client.js';
import { type ClientOptions, checkClientOptions } from './client-options.js';
import type { Composition } from './composition.js';
import type { Middleware, MiddlewareOf } from './middleware.js';
import type { ChangeHandler, ChangeMoment, Handler, HandlerPolicy, Moment } from './moment.js';
import type { CallControl } from './operation.js';
import type { Plugin } from './plugin.js';

/** The methods of an API that middleware can wrap: those that answer a promise. */
export type OperationName<Api> = {
  [K in keyof Api & string]: Api[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof Api & string];

/** What `.use()` takes: a plugin, or a hint why the compiler refuses this one. */
type Usable<Api, PluginApi, Taken extends string, PluginGives extends string, P> = keyof Api &
  keyof PluginApi extends never
  ? [Extract<PluginGives, Taken>] extends [never]
    ? P
    : { readonly 'another plugin provides these parts': Extract<PluginGives, Taken> }
  : { readonly 'these methods are there already': keyof Api & keyof PluginApi };

/** What `.connect()` takes: options, or a hint which parts are still missing. */
type Connectable<Needs extends string, Gives extends string> = [Exclude<Needs, Gives>] extends [
  never,
]
  ? CallControl
  : { readonly 'these parts are still missing': Exclude<Needs, Gives> };

/**
 * A client in the making. Every method answers a new builder and leaves the old one as it is, so
 * that a half-made client can be the base of several.
 *
 * `Api` is what the client will have, `Needs` are the parts its plugins need, `Gives` those that are
 * there, `Taken` those of them that a plugin provides: another one may not.
 */
export interface ClientBuilder<
  Api extends object,
  Needs extends string,
  Gives extends string,
  Taken extends string,
> {
  /** Adds a plugin. Order matters to middleware only. */
  use<PluginApi extends object, PluginNeeds extends string, PluginGives extends string>(
    plugin: Usable<Api, PluginApi, Taken, PluginGives, Plugin<PluginApi, PluginNeeds, PluginGives>>,
  ): ClientBuilder<Api & PluginApi, Needs | PluginNeeds, Gives | PluginGives, Taken | PluginGives>;
  /** Provides a part instead of a plugin's. It is the host's: it is not disposed with the client. */
  provide<T, Name extends string>(
    token: Token<T, Name>,
    part: T,
  ): ClientBuilder<Api, Needs, Gives | Name, Taken>;
  /** Like {@link provide}, with a part made of others; it is disposed with the client. */
  provideBy<T, Name extends string>(
    token: Token<T, Name>,
    make: Factory<T>,
  ): ClientBuilder<Api, Needs, Gives | Name, Taken>;
  /** Wraps a method; the first added is outermost. */
  middleware<Name extends OperationName<Api>>(
    name: Name,
    run: MiddlewareOf<Api[Name]>,
  ): ClientBuilder<Api, Needs, Gives, Taken>;
  /** Watches a moment. */
  on<T>(
    moment: Moment<T>,
    handler: Handler<T>,
    policy?: HandlerPolicy,
  ): ClientBuilder<Api, Needs, Gives, Taken>;
  /** Changes a value before it is used. */
  onChange<T>(
    moment: ChangeMoment<T>,
    handler: ChangeHandler<T>,
  ): ClientBuilder<Api, Needs, Gives, Taken>;
  /** Wraps single RPCs; the first added is outermost. */
  intercept(interceptor: RpcInterceptor): ClientBuilder<Api, Needs, Gives, Taken>;
  /**
   * Makes the client, starts its plugins and reaches the daemon.
   *
   * Throws `unavailable` when the daemon cannot be reached, `failed-precondition` when the
   * composition does not hold together (which the compiler has said before), and what a plugin's
   * start throws; what had started by then is stopped.
   */
  connect(
    ...control: [Exclude<Needs, Gives>] extends [never]
      ? [control?: CallControl]
      : [missing: Connectable<Needs, Gives>]
  ): Promise<Client<Api>>;
}

/**
 * Begins a client of a containerd. Throws `invalid-argument` for an address or namespace that cannot
 * be one.
 *
 * ```ts
 * const client = await ctrd({ namespace: 'ci' }).use(snapshots()).use(containers()).connect();
 * ```
 */
export function ctrd(
  options: ClientOptions = {},
): ClientBuilder<CoreApi, never, CoreTokens, never> {
  checkClientOptions(options);
  return builder({
    options,
    plugins: [],
    bindings: [],
    middleware: [],
    interceptors: [],
    handlers: [],
  });
}

function builder<
  Api extends object,
  Needs extends string,
  Gives extends string,
  Taken extends string,
>(composition: Composition): ClientBuilder<Api, Needs, Gives, Taken> {
  const { plugins, bindings, middleware, interceptors, handlers } = composition;
  const withBinding = <Name extends string>(binding: Binding) =>
    builder<Api, Needs, Gives | Name, Taken>({ ...composition, bindings: [...bindings, binding] });
  return {
    use: (plugin) => builder({ ...composition, plugins: [...plugins, plugin as Plugin] }),
    provide: (token, part) => withBinding({ ...bind(token, () => part), owned: false }),
    provideBy: (token, make) => withBinding(bind(token, make)),
    middleware: (operation, run) =>
      builder({
        ...composition,
        middleware: [...middleware, { operation, run: run as unknown as Middleware }],
      }),
    on: (moment, handler, policy) =>
      builder({
        ...composition,
        handlers: [...handlers, (hooks) => void hooks.on(moment, handler, policy)],
      }),
    onChange: (moment, handler) =>
      builder({
        ...composition,
        handlers: [...handlers, (hooks) => void hooks.onChange(moment, handler)],
      }),
    intercept: (interceptor) =>
      builder({ ...composition, interceptors: [...interceptors, interceptor] }),
    connect: async (control?: unknown) =>
      (await assemble(
        composition,
        corePlugin(composition.options),
        (control ?? {}) as CallControl,
      )) as Client<Api>,
  };
}
