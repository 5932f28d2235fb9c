import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    include: ['test/**/*.test.ts'],
    // Vitest's default leaves one of two cores idle.
    maxWorkers: '100%',
    // Real engines and processes stand behind many tests; none of them asserts a time. Longer than `quiesce` waits, which
    // tells what it waited for.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
