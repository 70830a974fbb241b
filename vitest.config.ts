import { defineConfig } from 'vitest/config';

// Tests read the packages' sources through the workspace's own export condition: no build is needed.
const ssr = { resolve: { conditions: ['@ctrd/source', 'module', 'node', 'import'] } };

/** One project a containerd line: the same e2e files, each line with one daemon of its own. */
const line = (version: '1.6' | '1.7' | '2.1') => ({
  ssr,
  test: {
    name: `containerd-${version}`,
    include: ['e2e/**/*.e2e.test.ts'],
    globalSetup: ['e2e/support/daemon-setup.ts'],
    provide: { line: version },
    // The files of a line share its daemon and count what is left on it, so they take turns.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      line('1.6'),
      line('1.7'),
      line('2.1'),
    ],
  },
});
