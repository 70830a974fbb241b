import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crossings } from './boundaries.js';
import { carried, licenceProblems, unbalanced } from './dependencies.js';
import type { FaultScenario } from './fault-scenarios.js';
import { failuresOf, faultTable, problemsOf } from './faults.js';
import { addresses, ofSource, traces } from './hygiene.js';
import { region, requote } from './quotes.js';
import { tableProblems } from './tokens.js';
import { undocumented } from './tsdoc.js';

const file = (text: string, path = 'packages/x/src/a.ts') => ({ path, text });

describe('boundaries', () => {
  it('sees a feature package import another', () => {
    const text = "import type { X } from '@ctrd/images';\nimport { y } from '@ctrd/core/grpc';";
    expect(crossings('containers', [file(text)])).toEqual([
      'packages/x/src/a.ts: containers may not import @ctrd/images',
    ]);
  });

  it('sees a package that nobody entered in the table', () => {
    expect(crossings('novelty', [])).toHaveLength(1);
  });
});

describe('dependencies', () => {
  it('sees install scripts, addons and WebAssembly', () => {
    const manifest = { name: 'x', scripts: { postinstall: 'node build.js' } };
    const files = [
      file('', 'x/build/addon.node'),
      file("const m = 'AGFzbQEAAAA'", 'x/parser.js'),
      file('WebAssembly.instantiate(bytes)', 'x/loader.js'),
      file('/** Needs no WebAssembly. */', 'x/fine.js'),
    ];
    expect(carried('x', manifest, files)).toHaveLength(4);
  });

  it('sees what is imported and not declared, and the reverse', () => {
    const manifest = { name: '@ctrd/x', dependencies: { used: '1', idle: '1' } };
    const files = [
      file("import 'used/deep';\nimport a from '@scope/missing/b';\nimport 'node:fs'"),
    ];
    expect(unbalanced('x', manifest, files)).toEqual([
      'packages/x: imports @scope/missing but does not declare it',
      'packages/x: declares idle but does not import it',
    ]);
  });

  it('sees a licence that is not on the list, of what is shipped only', () => {
    const packages = {
      'node_modules/a': { license: 'GPL-3.0' },
      'node_modules/b': { license: 'GPL-3.0', dev: true },
      'node_modules/c': { license: 'MIT' },
      'node_modules/d': {},
    };
    expect(licenceProblems({ packages })).toEqual([
      'node_modules/a: its licence is GPL-3.0',
      'node_modules/d: its licence is not given',
    ]);
  });
});

describe('hygiene', () => {
  it('sees long files, default exports, casts and silenced tools', () => {
    const silenced = ['@ts', 'ignore'].join('-');
    expect(ofSource(file('x\n'.repeat(301)))).toHaveLength(1);
    expect(ofSource(file('export default 1;'))).toHaveLength(1);
    expect(ofSource(file('const x = y as any;'))).toHaveLength(1);
    expect(ofSource(file(`// ${silenced}\nconst x = 1;`))).toHaveLength(1);
    expect(ofSource(file('x\n'.repeat(300)))).toEqual([]);
  });

  it('sees a mirror and a registry', () => {
    expect(traces(file('http://mirror.example/debian'), ['mirror.example'])).toHaveLength(1);
    expect(addresses(file('"resolved": "https://registry.example/a.tgz"'))).toHaveLength(1);
    expect(addresses(file('"resolved": "packages/api"'))).toEqual([]);
  });
});

describe('quotes', () => {
  const source =
    'import x;\n\nasync function main() {\n  // #region run\n  await x();\n  // #endregion\n}\n';
  const read = async (path: string) => {
    if (path !== 'examples/a.ts') throw new Error('ENOENT');
    return source;
  };
  const document = (from: string, code: string) =>
    file(`# T\n\n<!-- from ${from} -->\n\`\`\`ts\n${code}\`\`\`\nrest\n`, 'README.md');

  it('gives a region without its markers and its indentation', () => {
    expect(region(source, 'run')).toBe('await x();\n');
    expect(region(source, 'none')).toBeUndefined();
  });

  it('leaves a true quotation alone and mends a false one', async () => {
    const good = document('examples/a.ts#run', 'await x();\n');
    expect(await requote(good, read)).toEqual({ ...good, problems: [] });
    const bad = document('examples/a.ts#run', 'await y();\n');
    expect((await requote(bad, read)).text).toBe(good.text);
  });

  it('sees a file that is not there and a marker without a block', async () => {
    const { problems } = await requote(document('examples/b.ts', 'x\n'), read);
    expect(problems).toEqual(['README.md: there is no examples/b.ts']);
    const lonely = file('<!-- from examples/a.ts -->\n\ntext\n');
    expect((await requote(lonely, read)).problems).toHaveLength(1);
  });
});

describe('tokens', () => {
  const table = file('| token | what |\n|---|---|\n| `Clock` | a clock |\n', 'docs/tokens.md');

  it('sees one that the table lacks, and a row without one', () => {
    const text = `
/**
 * export const Example: Token<Example, 'Example'> = token('Example');
 */
export const Bell: Token<Bell, 'Bell'> =
  token('Bell');
export const Shares: Contributions<Share> = contributions('Shares');
const own: Token<Own> = token('Own');
`;
    expect(tableProblems([file(text)], table)).toEqual([
      'docs/tokens.md: lacks Bell of packages/x/src/a.ts',
      'docs/tokens.md: lacks Shares of packages/x/src/a.ts',
      'docs/tokens.md: has Clock, which is no token',
    ]);
  });

  it('is content when they agree', () => {
    const text = "export const Clock: Token<Clock, 'Clock'> = token('Clock');";
    expect(tableProblems([file(text)], table)).toEqual([]);
  });
});

describe('tsdoc', () => {
  it('sees exports and methods without a comment, wherever they are declared', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ctrd-tsdoc-'));
    try {
      const part =
        '/** A bell. */\nexport interface Bell { ring(): void; readonly tone: number }\n';
      await writeFile(join(folder, 'part.ts'), `${part}export const silent = 1;\n`);
      await writeFile(join(folder, 'index.ts'), "export { type Bell, silent } from './part.js';\n");
      expect(undocumented([join(folder, 'index.ts')])).toEqual([
        `${join(folder, 'part.ts')}: Bell.ring has no comment`,
        `${join(folder, 'part.ts')}: silent has no comment`,
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('the table of faults', () => {
  const shownBy = { file: 'a.test.ts', test: 'survives' };
  const scenario = { fault: 'f', outcome: 'o' };
  const read = async (path: string) =>
    path === 'a.test.ts' ? "it('survives a fault', …)" : undefined;

  it('names tests that are there, or says why there is none', async () => {
    expect(await problemsOf({ ...scenario, shownBy }, read)).toEqual([]);
    expect(await problemsOf({ ...scenario, notShown: 'no' }, read)).toEqual([]);
    expect(await problemsOf(scenario, read)).toHaveLength(1);
    expect(await problemsOf({ ...scenario, shownBy, notShown: 'no' }, read)).toHaveLength(1);
    const gone = { ...shownBy, file: 'gone.test.ts' };
    expect(await problemsOf({ ...scenario, shownBy: gone }, read)).toHaveLength(1);
    const renamed = { ...shownBy, test: 'lives on' };
    expect(await problemsOf({ ...scenario, shownBy: renamed }, read)).toHaveLength(1);
  });

  const ran = (state: 'passed' | 'failed' | 'skipped') => ({ 'suite > survives a fault': state });
  const onLines = { ...shownBy, file: 'e2e/a.e2e.test.ts' };
  const outcomes = {
    whole: true,
    projects: {
      unit: { 'a.test.ts': ran('passed') },
      'containerd-1.6': { [onLines.file]: ran('passed') },
      'containerd-1.7': { [onLines.file]: { ...ran('passed'), 'survives all': 'failed' as const } },
      'containerd-2.1': { [onLines.file]: ran('skipped') },
    },
  };
  const rowOf = (one: FaultScenario) => faultTable([one], outcomes).split('\n')[2];

  it('has a row a scenario, with what became of it on each line', () => {
    expect(rowOf({ ...scenario, shownBy })).toBe(
      '| f | o | unit | unit | unit | [a](../a.test.ts) |',
    );
    expect(rowOf({ ...scenario, shownBy: onLines })).toBe(
      '| f | o | passed | failed | skipped | [a](../e2e/a.e2e.test.ts) |',
    );
    expect(rowOf({ ...scenario, notShown: 'why' })).toBe('| f | o | – | – | – | why |');
  });

  it('is refused when a scenario has failed, was skipped or has not run', () => {
    expect(failuresOf({ ...scenario, shownBy }, outcomes)).toEqual([]);
    expect(failuresOf({ ...scenario, shownBy: onLines }, outcomes)).toEqual([
      'f: failed on containerd-1.7',
      'f: skipped on containerd-2.1',
    ]);
    expect(failuresOf({ ...scenario, shownBy: onLines, lines: ['1.6'] }, outcomes)).toEqual([]);
    const absent = { ...scenario, shownBy: { ...shownBy, test: 'sur%s nothing' } };
    expect(failuresOf(absent, outcomes)).toEqual(['f: missing on unit']);
    const unknown = { ...scenario, shownBy: { ...shownBy, file: 'b.test.ts' } };
    expect(failuresOf(unknown, outcomes)).toEqual(['f: missing on unit']);
    expect(failuresOf(unknown, { ...outcomes, whole: false })).toEqual([]);
  });
});
