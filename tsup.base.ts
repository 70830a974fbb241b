import { defineConfig } from 'tsup';

/**
 * How every library of the workspace becomes JavaScript: file by file, so that a host's bundler
 * sees the module graph as it is written and leaves out what the host does not use.
 * Declarations come from tsc (`tsconfig.build.json`).
 */
export const library = defineConfig({
  entry: ['src/**/*.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  bundle: false,
  splitting: false,
  clean: true,
  dts: false,
});
