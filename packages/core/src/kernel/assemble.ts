import { setMaxListeners } from 'node:events';
import type { DependencyContainer } from 'tsyringe';
import { createScope } from '../di/scope.js';
import { CtrdError } from '../errors/index.js';
import { bindParts } from './bind-parts.js';
import { checkComposition, checkMethods } from './check-composition.js';
import type { Client, ClientBase, ClientDescription } from './client.js';
import type { Composition } from './composition.js';
import { dependencyOrder } from './dependency-order.js';
import { describeClient } from './describe.js';
import { createHooks } from './hooks.js';
import { createLifecycle, type Lifecycle } from './lifecycle.js';
import type { Middleware } from './middleware.js';
import type { CallControl } from './operation.js';
import type { Plugin, PluginDefinition, PluginParts } from './plugin.js';
import { Report } from './report.js';
import { methodOf } from './run-operation.js';

/** One plugin of a client that is being made. */
interface Member {
  readonly definition: PluginDefinition;
  readonly parts: PluginParts;
}

/** Makes and starts a client. What was started is stopped again when something fails. */
export async function assemble(
  composition: Composition,
  kernel: Plugin,
  control: CallControl,
): Promise<Client<object>> {
  const scope = createScope(composition.options.container as DependencyContainer | undefined);
  checkComposition(composition, kernel.definition, scope);
  const definitions = orderOf([kernel, ...composition.plugins]);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const interceptors = bindParts(scope, composition, definitions);
  const report = scope.get(Report);
  const hooks = createHooks(report);
  let client: Client<object> | undefined;
  const members = definitions.map((definition): Member => {
    const { name } = definition;
    const context = {
      ...{ name, hooks: hooks.of(name), report, closing: closing.signal },
      client: <Api extends object>() => {
        if (client === undefined) throw notYet(name);
        return client as Client<object> & Api;
      },
      ...{ get: scope.get, find: scope.find, all: scope.all },
    };
    return { definition, parts: definition.setup?.(context) ?? {} };
  });
  const middleware = middlewareOf(composition, definitions);
  checkMethods(methodsOf(members), middleware, operationNames(members));
  for (const add of composition.handlers) add(hooks.of('host'));

  const lifecycle = createLifecycle({ members, scope, closing, report });
  const description = () =>
    describeClient({
      ...{ composition, definitions, scope, middleware, interceptors },
      methods: methodsOf(members).map(({ names }) => names),
      handlers: hooks.owners(),
    });
  client = clientOf(members, lifecycle, closing.signal, middleware, description);
  await lifecycle.start(control);
  return client;
}

/**
 * The order of the starts. The kernel's parts are defaults, made when somebody asks for them; its
 * start comes after whoever provides one in its stead, although these may need others of its parts.
 */
function orderOf([kernel, ...plugins]: readonly [
  Plugin,
  ...Plugin[],
]): readonly PluginDefinition[] {
  const namesOf = (bindings: PluginDefinition['provides'] = []) =>
    bindings.map(({ token }) => token.name);
  const used = (kernel.definition.uses ?? []).map(({ name }) => name);
  const replaced = new Set(plugins.flatMap(({ definition }) => namesOf(definition.provides)));
  const own = new Set(namesOf(kernel.definition.provides).filter((name) => !replaced.has(name)));
  const items = [kernel, ...plugins].map(({ definition }) => {
    const gives = namesOf(definition.provides);
    const before = definition !== kernel.definition && gives.some((name) => used.includes(name));
    const needs = [...(definition.requires ?? []), ...(definition.uses ?? [])]
      .map(({ name }) => name)
      .filter((name) => !(before && own.has(name)));
    return {
      ...{ name: definition.name, definition, needs },
      gives: definition === kernel.definition ? [...own] : gives,
    };
  });
  return dependencyOrder(items).map(({ definition }) => definition);
}

interface BoundMiddleware {
  readonly operation: string;
  readonly by: string;
  readonly run: Middleware;
}

function middlewareOf(
  composition: Composition,
  definitions: readonly PluginDefinition[],
): readonly BoundMiddleware[] {
  return [
    ...composition.middleware.map((middleware) => ({ ...middleware, by: 'host' })),
    ...definitions.flatMap(({ name, middleware = {} }) =>
      Object.entries(middleware).map(([operation, run]) => ({ operation, by: name, run })),
    ),
  ];
}

function methodsOf(members: readonly Member[]) {
  return members.map(({ definition, parts }) => ({
    plugin: definition.name,
    names: [...Object.keys(parts.operations ?? {}), ...Object.keys(parts.members ?? {})],
  }));
}

function operationNames(members: readonly Member[]): ReadonlySet<string> {
  const all = members.flatMap(({ parts }) => Object.entries(parts.operations ?? {}));
  return new Set(all.filter(([, { kind }]) => kind === 'operation').map(([name]) => name));
}

function clientOf(
  members: readonly Member[],
  lifecycle: Lifecycle,
  closing: AbortSignal,
  middleware: readonly BoundMiddleware[],
  description: () => ClientDescription,
): Client<object> {
  const host = {
    closing,
    open: lifecycle.open,
    enter: lifecycle.enter,
    middlewareOf: (name: string) =>
      middleware.filter(({ operation }) => operation === name).map(({ run }) => run),
  };
  const base: ClientBase = {
    close: (options) => lifecycle.close(options),
    describe: description,
    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
  const client: object = base;
  for (const { parts } of members) {
    for (const [name, operation] of Object.entries(parts.operations ?? {})) {
      Object.defineProperty(client, name, {
        value: methodOf(name, operation, host),
        enumerable: true,
      });
    }
    // As they are described, since a member may be a getter.
    Object.defineProperties(client, Object.getOwnPropertyDescriptors(parts.members ?? {}));
  }
  return Object.freeze(client) as Client<object>;
}

function notYet(plugin: string): CtrdError {
  return new CtrdError(`the plugin ${plugin} asks for the client before there is one`, {
    code: 'failed-precondition',
    reason: 'setup',
  });
}
