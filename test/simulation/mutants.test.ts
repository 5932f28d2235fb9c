/** Each plausible mistake in the product breaks a promise within a bounded number of schedules. */
import { expect, it } from 'vitest';
import { amountOf, doneHere } from '../support/amount.ts';
import { MUTANTS } from './mutants.ts';
import { SCHEDULES_TIMEOUT_MILLIS } from './promises.ts';
import { runSchedules } from './schedules.ts';

/** The hardest was seen to take 9,000; most are caught within a hundred. */
const RUNS_MAX = amountOf('schedules with a mistake');
/** Far from the seeds that dials and plots were tuned on: a mutant is caught by the profile, not by a lucky row. */
const FIRST_SEED = 500_000;

it('there are enough of them, each with a name of its own', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(48);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

it.each(doneHere('mistakes', MUTANTS, ({ name }) => name).map((mutant) => [mutant.name, mutant] as const))(
  'caught: %s',
  { timeout: SCHEDULES_TIMEOUT_MILLIS },
  async (name, mutant) => {
    const { profile, breaks, firstSeed = FIRST_SEED } = mutant;
    const job = { profile, seed: firstSeed, runs: RUNS_MAX, stride: 1, mistake: mutant, shrinks: false };
    const { counts, failure } = await runSchedules(job);
    const taken = new Map(counts).get('mistakes') ?? 0;
    expect(
      taken,
      `"${name}" has lost its place: nothing that it would change came up; see mistakes.ts`,
    ).toBeGreaterThan(0);
    expect(failure, `"${name}" survived ${RUNS_MAX} schedules of the profile ${profile}`).toBeDefined();
    expect(breaks).toContain(failure?.violations[0]?.promise);
  },
);
