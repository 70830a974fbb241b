import { build } from 'esbuild';
import { repository } from '../checks/workspace.js';

/** What a host ships when it bundles a module. */
export interface Bundle {
  /** The code, as an ES module for Node. */
  readonly code: string;
  /** Bytes, minified. */
  readonly bytes: number;
  /** The packages in it, of the workspace and from npm, by bytes that are left of each. */
  readonly packages: ReadonlyMap<string, number>;
}

/** Bundles a module of the repository, given as its text; `external` modules stay imports. */
export async function bundle(
  text: string,
  { external = [] }: { readonly external?: string[] } = {},
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: text, resolveDir: repository, loader: 'ts' },
    ...{ bundle: true, minify: true, write: false, metafile: true },
    ...{ platform: 'node', target: 'node20', format: 'esm' },
    external,
    absWorkingDir: repository,
    conditions: ['@ctrd/source', 'module', 'import'],
    outfile: 'bundle.js',
    // grpc-js is CommonJS and asks for Node's modules by require().
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
    },
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error('esbuild made nothing');
  const packages = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const name = packageOf(path);
    if (bytesInOutput > 0) packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
  }
  return { code: file.text, bytes: file.contents.length, packages };
}

/** `packages/core/src/x.ts` → `@ctrd/core`, `node_modules/@grpc/grpc-js/…` → `@grpc/grpc-js`. */
function packageOf(path: string): string {
  const own = /^packages\/([^/]+)\//.exec(path)?.[1];
  if (own !== undefined) return `@ctrd/${own}`;
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1] ?? path;
}
