/** The tests that judge mutants: those that need neither an engine nor a build, since each runs hundreds of times. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/*.test.ts', 'test/contract/memory.test.ts', 'test/scenario/{options,task-networks}.test.ts'],
    // They judge words and pages of the command line: each goes through the whole protocol, and would be run for every mutant.
    exclude: [
      'test/unit/{cli*,deployed,docs-output,exit-status,graph,import-requests,lines}.test.ts',
      'test/unit/{operator-requests,removal-many,selftest,survey,ui}.test.ts',
    ],
    testTimeout: 60_000,
  },
});
