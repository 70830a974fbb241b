import { build } from 'esbuild';
import { repository } from '../checks/workspace.js';

/** What the documents tell a host to put before a bundle that is an ES module. */
export const esmBanner =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** What a host ships when it bundles a module. */
export interface Bundle {
  /** The code for Node. */
  readonly code: string;
  /** Bytes, minified. */
  readonly bytes: number;
  /** The packages in it, of the workspace and from npm, by bytes that are left of each. */
  readonly packages: ReadonlyMap<string, number>;
}

/** How a module is bundled. */
export interface BundleOptions {
  /** Modules that stay imports. Default: none. */
  readonly external?: string[];
  /** Default: an ES module. */
  readonly format?: 'esm' | 'cjs';
}

/** Bundles a module of the repository, given as its text. */
export async function bundle(
  text: string,
  { external = [], format = 'esm' }: BundleOptions = {},
): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: text, resolveDir: repository, loader: 'ts' },
    ...{ bundle: true, minify: true, write: false, metafile: true },
    ...{ platform: 'node', target: 'node20', format },
    external,
    absWorkingDir: repository,
    conditions: ['@ctrd/source', 'module', 'import'],
    outfile: 'bundle.js',
    // grpc-js and debug are CommonJS and ask for Node's modules by require().
    banner: format === 'esm' ? { js: esmBanner } : {},
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
