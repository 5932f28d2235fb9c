/** Makes a story that breaks a promise as short as it can: leaves choices out as long as it still breaks the same promise. */
import type { Choice } from './choices.ts';
import { type Outcome, type Schedule, simulate } from './simulation.ts';

/** A replay takes milliseconds: some seconds in all. */
const REPLAYS_MAX = 1_500;

export interface Shrunk {
  readonly choices: readonly Choice[];
  readonly outcome: Outcome;
  readonly replays: number;
}

/** Drops ever smaller chunks: halves first, single choices last, and again for as long as that helps. */
export async function shrink(schedule: Schedule, found: Outcome): Promise<Shrunk> {
  const promise = found.violations[0]?.promise;
  let best: Shrunk = { choices: found.choices, outcome: found, replays: 0 };
  let replays = 0;
  let size = Math.ceil(found.choices.length / 2);
  while (size >= 1 && replays < REPLAYS_MAX) {
    let hasHelped = false;
    for (let from = best.choices.length - size; from > -size && replays < REPLAYS_MAX; from -= size) {
      const start = Math.max(0, from);
      const choices = best.choices.toSpliced(start, from + size - start);
      replays++;
      const outcome = await simulate({ ...schedule, choices });
      if (outcome.violations[0]?.promise !== promise) continue;
      // What could not be done is left out as well.
      best = { choices: outcome.choices, outcome, replays };
      hasHelped = true;
    }
    if (!hasHelped || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return { ...best, replays };
}
