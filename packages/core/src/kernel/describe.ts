import type { Scope } from '../di/scope.js';
import type { ClientDescription, PartDescription } from './client.js';
import type { Composition } from './composition.js';
import type { PluginDefinition } from './plugin.js';

/** What is known of a client when it has been made. */
export interface Assembled {
  readonly composition: Composition;
  /** All plugins, the kernel's too, in the order of their start. */
  readonly definitions: readonly PluginDefinition[];
  /** The names of each plugin's methods. */
  readonly methods: readonly (readonly string[])[];
  readonly scope: Pick<Scope, 'has'>;
  readonly middleware: readonly { readonly operation: string; readonly by: string }[];
  readonly handlers: ClientDescription['handlers'];
  readonly interceptors: readonly { readonly by: string }[];
}

/** The answer of `describe()`: the facts, and as a string a readable listing of them. */
export function describeClient(client: Assembled): ClientDescription {
  const { definitions, methods, handlers, interceptors } = client;
  const middleware: Record<string, string[]> = {};
  for (const { operation, by } of client.middleware) (middleware[operation] ??= []).push(by);
  const facts = {
    plugins: definitions.map(({ name, requires = [], uses = [] }, index) => ({
      name,
      requires: requires.map((token) => token.name),
      uses: uses.map((token) => token.name),
      methods: methods[index] ?? [],
    })),
    parts: partsOf(client),
    middleware,
    handlers,
    interceptors: interceptors.map(({ by }) => by),
  };
  return { ...facts, toString: () => listing(facts) };
}

function partsOf({ composition, definitions, scope }: Assembled): readonly PartDescription[] {
  const providers = new Map<string, string>();
  for (const { name, provides = [] } of definitions) {
    for (const { token } of provides) {
      const plugin = composition.plugins.some(({ definition }) => definition.name === name);
      if (plugin || !providers.has(token.name)) providers.set(token.name, name);
    }
  }
  for (const { token } of composition.bindings) providers.set(token.name, 'host');
  // What else is there is in the host's own container.
  for (const { requires = [], uses = [] } of definitions) {
    for (const token of [...requires, ...uses]) {
      if (!providers.has(token.name) && scope.has(token)) providers.set(token.name, 'host');
    }
  }
  return [...providers].map(([token, providedBy]) => ({ token, providedBy }));
}

function listing(facts: Omit<ClientDescription, 'toString'>): string {
  const lines = ['plugins'];
  for (const { name, requires, uses, methods } of facts.plugins) {
    lines.push(`  ${name}`);
    if (requires.length > 0) lines.push(`    requires ${requires.join(', ')}`);
    if (uses.length > 0) lines.push(`    uses ${uses.join(', ')}`);
    if (methods.length > 0) lines.push(`    methods ${methods.join(', ')}`);
  }
  lines.push('parts', ...facts.parts.map((part) => `  ${part.token} by ${part.providedBy}`));
  lines.push('middleware', ...entries(facts.middleware));
  lines.push('handlers', ...entries(facts.handlers));
  lines.push('interceptors', ...facts.interceptors.map((who) => `  ${who}`));
  return lines.join('\n');
}

function entries(record: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(record).map(([name, who]) => `  ${name}: ${who.join(' → ')}`);
}
