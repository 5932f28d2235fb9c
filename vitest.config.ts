import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    include: ['test/**/*.test.ts'],
    // Real engines and processes stand behind many tests; none of them asserts a time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
