import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../src/command-spec.js';
import { commands } from '../src/commands/index.js';

const folder = join(import.meta.dirname, '../../../e2e');
const tests = readdirSync(folder)
  .filter((name) => /^cli.*\.e2e\.test\.ts$/.test(name))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** All that do something, as the words by which they are called. */
function wordsOf(specs: readonly CommandSpec[], before: readonly string[] = []): string[][] {
  return specs.flatMap(({ usage, commands: children = [], hidden = false, ...spec }) => {
    const words = [...before, usage.split(' ')[0] ?? ''];
    const works = [spec.load, spec.loadDaemon, spec.loadLocal].some((one) => one !== undefined);
    return [...(works && !hidden ? [words] : []), ...wordsOf(children, words)];
  });
}

describe('every command', () => {
  it.each(wordsOf(commands).map((words) => [words.join(' '), words] as const))(
    '%s is run on real daemons by an end-to-end test',
    (_name, words) => {
      const called = new RegExp(words.map((word) => `'${word}'`).join(',\\s*'));
      expect(tests).toMatch(called);
    },
  );

  it.each(wordsOf(commands).map((words) => [words.join(' '), words] as const))(
    '%s has an example in its help',
    (_name, words) => {
      let [specs, found]: [readonly CommandSpec[], CommandSpec | undefined] = [commands, undefined];
      for (const word of words) {
        found = specs.find(({ usage }) => usage.split(' ')[0] === word);
        specs = found?.commands ?? [];
      }
      expect(found?.examples?.[0]).toMatch(new RegExp(`ctrd .*${words.at(-1)}`));
    },
  );
});
