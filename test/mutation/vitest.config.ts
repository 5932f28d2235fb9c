/** The tests that judge mutants: those that need neither an engine nor a build, since each runs hundreds of times. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/*.test.ts', 'test/contract/memory.test.ts', 'test/scenario/{options,task-networks}.test.ts'],
    // They judge words, pages and reports: many of them go through the whole protocol, and would be run for every mutant. A mutant
    // that they alone notice lacks a test of its own file.
    exclude: [
      'test/unit/{cli*,completion,contexts,deployed,deployment,docs-output,exit-status,failures,forecast}.test.ts',
      'test/unit/{graph,history,import-*,lines,operator-requests,plan,removal-many,resolve,selftest}.test.ts',
      'test/unit/{standing,survey,swarm-snapshot,terminal,ui}.test.ts',
    ],
    // A mutant that never answers is noticed by it: with a minute, those of the gathered requests would take an hour. The slowest
    // test takes a few seconds.
    testTimeout: 10_000,
  },
});
