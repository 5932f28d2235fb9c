import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LEFT_TO_REST, QUICK, THINNED } from './test/support/tiers.ts';

// Programs that tests start find what they load compiled: half of a short one's time. Workers too.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.reports', 'compiled');

export default defineConfig({
  test: {
    // Vitest's default leaves one of two cores idle.
    maxWorkers: '100%',
    // A worker keeps what it has loaded for its next file: the CDK and the SDK alone take a second to load. No file leaves
    // anything changed behind it.
    isolate: false,
    // Files are loaded as `node` itself loads them. Rewritten by Vite, each name of another module is a call: the model takes
    // three times as long.
    experimental: { viteModuleRunner: false },
    // Three quarters of each synthesis are the CDK's own validation. The setup and infra/checks validate; the other tests
    // look at what is in the template.
    env: { CDK_VALIDATION: 'false' },
    // Real engines and processes stand behind many tests; none of them asserts a time. Longer than `quiesce` waits, which
    // tells what it waited for.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/support/tier-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'quick', include: [...QUICK] } },
      {
        extends: true,
        test: {
          name: 'main',
          globalSetup: 'test/support/global-setup.ts',
          provide: { tier: 'main' },
          include: ['test/**/*.test.ts'],
          exclude: [...QUICK, ...Object.keys(LEFT_TO_REST)],
        },
      },
      {
        extends: true,
        test: {
          name: 'rest',
          globalSetup: 'test/support/global-setup.ts',
          provide: { tier: 'rest' },
          include: [...THINNED, ...Object.keys(LEFT_TO_REST)],
        },
      },
    ],
  },
});
