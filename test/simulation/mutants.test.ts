/** Each plausible mistake in the product's code breaks a promise within a bounded number of schedules. */
import { expect, it } from 'vitest';
import { runCrew } from './crew.ts';
import { MUTANTS } from './mutants.ts';
import { SCHEDULES_TIMEOUT_MILLIS } from './promises.ts';

/** The hardest was seen to take 6,000; most are caught within a hundred. */
const RUNS_MAX = 10_000;
/** Far from the seeds that dials and plots were tuned on: a mutant is caught by the profile, not by a lucky row. */
const FIRST_SEED = 500_000;

it('there are enough of them, each with a name of its own', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

// One after another, each in a process of its own: a simulator that fails instead of a promise fails the test.
it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  'caught: %s',
  { timeout: SCHEDULES_TIMEOUT_MILLIS },
  async (name, { profile, breaks }) => {
    const { failure } = await runCrew({ profile, seed: FIRST_SEED, runs: RUNS_MAX }, { workers: 1, mutant: name });
    expect(failure, `"${name}" survived ${RUNS_MAX} schedules of the profile ${profile}`).toBeDefined();
    expect(breaks).toContain(failure?.violations[0]?.promise);
  },
);
