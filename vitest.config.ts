import { defineConfig } from 'vitest/config';

/** Files that need neither bundles nor a template nor an engine: each answers in a second or two. */
const QUICK = [
  'test/unit/**/*.test.ts',
  'test/house/**/*.test.ts',
  'test/peers/{counters,swarmkit}.test.ts',
  'test/contract/memory.test.ts',
  'test/scenario/{crashes,options,task-networks}.test.ts',
  'test/simulation/watch.test.ts',
  'test/torture/checkers.test.ts',
  'test/local/{batch-result,capacity,filter-pattern,iam-requests,queues,template}.test.ts',
];

export default defineConfig({
  test: {
    // Vitest's default leaves one of two cores idle.
    maxWorkers: '100%',
    // Real engines and processes stand behind many tests; none of them asserts a time. Longer than `quiesce` waits, which
    // tells what it waited for.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: [
      { extends: true, test: { name: 'quick', include: QUICK } },
      {
        extends: true,
        test: {
          name: 'engine',
          globalSetup: 'test/support/global-setup.ts',
          include: ['test/**/*.test.ts'],
          exclude: QUICK,
        },
      },
    ],
  },
});
