import { defineConfig } from 'tsup';

/**
 * The command is bundled with everything it uses, one chunk a command: Node opens a few files
 * instead of some hundred, which is most of its start-up time.
 */
export default defineConfig({
  entry: ['src/main.ts', 'src/logger.ts', 'src/keeper.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true,
  clean: true,
  dts: false,
  noExternal: [/.*/],
  // From the sources, so that it does not matter what was built before.
  esbuildOptions(options) {
    options.conditions = ['@ctrd/source', 'module', 'import'];
    // Never loaded: its clients use the connector on node:http2.
    options.external = ['@ctrd/core/grpc'];
  },
  // Some of what is bundled in is CommonJS and asks for Node's modules by require().
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
