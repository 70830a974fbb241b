import type { Scope } from '../di/scope.js';
import type { Token } from '../di/token.js';
import { CtrdError } from '../errors/index.js';
import type { Composition } from './composition.js';
import type { PluginDefinition } from './plugin.js';

/**
 * What the compiler checks of a composition, checked again for plain JavaScript, before anything is
 * made. Parts of the kernel's own plugin are defaults, which any plugin may provide instead.
 */
export function checkComposition(
  composition: Composition,
  kernel: PluginDefinition,
  container: Pick<Scope, 'has'>,
): void {
  checkHostsOwn(composition);
  const names = new Set([kernel.name]);
  const providers = new Map<string, string>();
  for (const plugin of composition.plugins as readonly unknown[]) {
    const definition = definitionOf(plugin);
    if (names.has(definition.name)) {
      throw refused('duplicate-plugin', `the plugin ${definition.name} is used twice`);
    }
    names.add(definition.name);
    for (const { token } of definition.provides ?? []) {
      const other = providers.get(token.name);
      if (other !== undefined) {
        throw refused(
          'clash',
          `the plugins ${other} and ${definition.name} both provide ${token.name}: use one of them, or provide() your own`,
        );
      }
      providers.set(token.name, definition.name);
    }
  }
  const there = new Set([
    ...providers.keys(),
    ...composition.bindings.map(({ token }) => token.name),
    ...(kernel.provides ?? []).map(({ token }) => token.name),
  ]);
  for (const { definition } of composition.plugins) {
    for (const token of definition.requires ?? []) {
      const { name, from } = token;
      if (there.has(name) || container.has(token)) continue;
      const hint = from === undefined ? `provide() a ${name}` : `add ${from}`;
      throw refused('missing-part', `the plugin ${definition.name} needs ${name}: ${hint}`);
    }
  }
}

/** Refuses methods that two plugins bring, and middleware of methods that none brings. */
export function checkMethods(
  methods: readonly { readonly plugin: string; readonly names: readonly string[] }[],
  middleware: readonly { readonly operation: string; readonly by: string }[],
  operations: ReadonlySet<string>,
): void {
  const owners = new Map([
    ['close', 'every client'],
    ['describe', 'every client'],
  ]);
  for (const { plugin, names } of methods) {
    for (const name of names) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        throw refused('clash', `${owner} and the plugin ${plugin} both have ${name}`);
      }
      owners.set(name, plugin);
    }
  }
  for (const { operation, by } of middleware) {
    if (!operations.has(operation)) {
      throw refused(
        'unknown-operation',
        `middleware of ${by} wraps ${operation}, which no plugin has as an operation`,
      );
    }
  }
}

/** Refuses what a host adds besides plugins, when it is none of the kind. */
function checkHostsOwn({ bindings, middleware, interceptors }: Composition): void {
  for (const { token, make } of bindings) {
    if ((token as Partial<Token> | undefined)?.kind !== 'token') {
      throw refused('no-token', 'provide() takes a token, as token() makes it');
    }
    if (typeof make !== 'function') {
      throw refused('no-factory', `provideBy() takes a function that makes ${token.name}`);
    }
  }
  for (const { operation, run } of middleware) {
    if (typeof run !== 'function') {
      throw refused('no-middleware', `middleware of ${operation} must be a function`);
    }
  }
  for (const interceptor of interceptors as readonly unknown[]) {
    if (typeof interceptor !== 'object' || interceptor === null) {
      throw refused('no-interceptor', 'intercept() takes an object with unary, stream or both');
    }
  }
}

function definitionOf(plugin: unknown): PluginDefinition {
  const definition = (plugin as { definition?: PluginDefinition } | undefined)?.definition;
  if (typeof definition?.name !== 'string') {
    throw refused('no-plugin', 'use() takes a plugin, as definePlugin() makes it');
  }
  return definition;
}

function refused(reason: string, message: string): CtrdError {
  return new CtrdError(message, { code: 'failed-precondition', reason, operation: 'connect' });
}
