/** Schedules with one's own kinds: several levels, several shared kinds, keys of all sorts, and lifecycles by dice. */
import { expect, it } from 'vitest';
import { simulate } from '../../lib/testing/simulation/simulation.ts';
import { PROFILES } from './dials.ts';
import { promisesAreKept, SCHEDULES_TIMEOUT_MILLIS } from './promises.ts';
import { story } from './story.ts';

const PROMISES = 'S1 to S7, L1, L3, L4';
const WITH_LOSSES = 'S1 to S7, L2, L4';

promisesAreKept('ideas', PROMISES, { deletions: 2600, 'networks freed': 250, decrements: 700, heals: 600 });
promisesAreKept('sandbox', PROMISES, { deletions: 1600, decrements: 500, heals: 800 });
promisesAreKept('chatbot', PROMISES, { deletions: 1000, decrements: 800, 'tasks stopped': 200 });
promisesAreKept('swarmkit all', PROMISES, { deletions: 3400, 'networks freed': 450, recounts: 2500 });
promisesAreKept('tree', PROMISES, { deletions: 2300 });
promisesAreKept('sites', PROMISES, { deletions: 2300, decrements: 700, heals: 300 });
promisesAreKept('random kinds', PROMISES, { deletions: 1200, decrements: 800, heals: 900, 'tasks stopped': 50 });
promisesAreKept('ideas, lossy', WITH_LOSSES, { deletions: 1000, heals: 250, sweeps: 400, drops: 500 });
promisesAreKept('random kinds on a hostile network', PROMISES, { deletions: 550, decrements: 350, heals: 400 });
promisesAreKept('random kinds, lossy', WITH_LOSSES, { deletions: 500, heals: 350, sweeps: 350, drops: 350 });

/** Far more than it takes. */
const RING_SEEDS_MAX = 500;

it('a ring of items waits for ever, and breaks nothing but L1', { timeout: SCHEDULES_TIMEOUT_MILLIS }, async () => {
  for (let seed = 1; seed <= RING_SEEDS_MAX; seed++) {
    const { violations } = await simulate(story(seed, { ...PROFILES.tree, rings: true }));
    const [first] = violations;
    if (first === undefined) continue;
    // It drains for ever, and nothing else is wrong.
    expect(violations.map(({ promise }) => promise)).toEqual(violations.map(() => 'L1'));
    return;
  }
  throw new Error(`no ring waited in ${RING_SEEDS_MAX} schedules`);
});
