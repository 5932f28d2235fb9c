/** The schedules of each test run: every promise is kept in each of them, and they were not idle. */
import { expect, it } from 'vitest';
import { PROFILES, type ProfileName } from './dials.ts';
import type { Counted } from './exercised.ts';
import { Exercised } from './exercised.ts';
import { runSchedules, tellFailure } from './schedules.ts';

/** Of each profile: the crowded ones find more in less time. With eleven and seven profiles, some 30,000 in all. */
const SCHEDULES = 800;
const SCHEDULES_CROWDED = 3_000;
export const SCHEDULES_TIMEOUT_MILLIS = 20 * 60_000;

/** @param minima of what must have been exercised: about half of what was seen when they were written */
export function promisesAreKept(
  profile: ProfileName,
  promises: string,
  minima: Partial<Record<Counted, number>>,
): void {
  const runs = PROFILES[profile].crowded ? SCHEDULES_CROWDED : SCHEDULES;
  it(`${promises} hold in ${runs} schedules: ${profile}`, { timeout: SCHEDULES_TIMEOUT_MILLIS }, async () => {
    const { counts, failure } = await runSchedules({ profile, seed: 1, runs, stride: 1 });
    expect(failure && tellFailure(failure)).toBeUndefined();
    const exercised = new Exercised();
    exercised.add(counts);
    const tooFew = Object.entries(minima).filter(([what, least]) => exercised.of(what as Counted) < least);
    expect(tooFew.map(([what, least]) => `${what}: ${exercised.of(what as Counted)} of at least ${least}`)).toEqual([]);
    expect(exercised.of('schedules')).toBe(runs);
  });
}
