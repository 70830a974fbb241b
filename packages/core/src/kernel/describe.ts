import type { ClientDescription } from './client.js';

/** Adds the readable listing to the facts. */
export function describeClient(facts: Omit<ClientDescription, 'toString'>): ClientDescription {
  return { ...facts, toString: () => listing(facts) };
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
