/** The schedules of each test run: every promise is kept in each of them, and they were not idle. */
import { expect, it } from 'vitest';
import type { Counted } from '../../lib/testing/simulation/exercised.ts';
import { Exercised } from '../../lib/testing/simulation/exercised.ts';
import { amountOf, shareOf } from '../support/amount.ts';
import { PROFILES, type ProfileName } from './dials.ts';
import { runSchedules, tellFailure } from './schedules.ts';

export const SCHEDULES_TIMEOUT_MILLIS = 20 * 60_000;

/** A part of all schedules has seen its share of everything rare; less, if it had bad luck. */
const LUCK = 0.5;

/** @param minima of what must have been exercised by all schedules: about half of what was seen when they were written */
export function promisesAreKept(
  profile: ProfileName,
  promises: string,
  minima: Partial<Record<Counted, number>>,
): void {
  const amount = PROFILES[profile].crowded ? 'crowded schedules' : 'schedules';
  const runs = amountOf(amount);
  const share = shareOf(amount) < 1 ? shareOf(amount) * LUCK : 1;
  it(`${promises} hold in ${runs} schedules: ${profile}`, { timeout: SCHEDULES_TIMEOUT_MILLIS }, async () => {
    const { counts, failure } = await runSchedules({ profile, seed: 1, runs, stride: 1 });
    expect(failure && tellFailure(failure)).toBeUndefined();
    const exercised = new Exercised();
    exercised.add(counts);
    const tooFew = Object.entries(minima).filter(
      ([what, least]) => exercised.of(what as Counted) < Math.floor(least * share),
    );
    expect(
      tooFew.map(([what, least]) => `${what}: ${exercised.of(what as Counted)} of at least ${least * share}`),
    ).toEqual([]);
    expect(exercised.of('schedules')).toBe(runs);
  });
}
