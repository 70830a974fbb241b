import type { Scope } from '../di/scope.js';
import type { RpcInterceptor } from '../rpc/interceptor.js';
import { Interceptors } from '../rpc/rpc.js';
import type { Composition } from './composition.js';
import type { PluginDefinition } from './plugin.js';

/** Registers every part; the host's go before the plugins', these before the kernel's. */
export function bindParts(
  scope: Scope,
  composition: Composition,
  definitions: readonly PluginDefinition[],
): readonly { readonly by: string; readonly interceptor: RpcInterceptor }[] {
  const bound = new Set<string>();
  const plugins = [...composition.plugins.map(({ definition }) => definition)];
  const kernel = definitions.filter((definition) => !plugins.includes(definition));
  for (const bindings of [
    composition.bindings,
    ...[...plugins, ...kernel].map((definition) => definition.provides ?? []),
  ]) {
    for (const binding of bindings) {
      if (bound.has(binding.token.name)) continue;
      bound.add(binding.token.name);
      scope.bind(binding);
    }
  }
  for (const definition of definitions) {
    for (const { to, make } of definition.contributes ?? []) scope.contribute(to, make);
  }
  const interceptors = [
    ...composition.interceptors.map((interceptor) => ({ by: 'host', interceptor })),
    ...definitions.flatMap(({ name, interceptors: own = [] }) =>
      own.map((interceptor) => ({ by: name, interceptor })),
    ),
  ];
  for (const { interceptor } of interceptors) scope.contribute(Interceptors, () => interceptor);
  return interceptors;
}
