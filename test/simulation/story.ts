/** Our own schedules: the people of `writers.ts` in the worlds of a profile, and perhaps a mistake in the product. */

import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { MEMORY_NAMES } from '../../lib/testing/memory/client.ts';
import type { Place } from '../../lib/testing/simulation/place.ts';
import type { Request } from '../../lib/testing/simulation/processes.ts';
import type { Play } from '../../lib/testing/simulation/scene.ts';
import type { Schedule } from '../../lib/testing/simulation/simulation.ts';
import type { Dials } from './dials.ts';
import { playOfKinds } from './kinds/play.ts';
import { type Mistake, tamperingOf } from './mistakes.ts';
import { drawAction, drawCast, populate } from './plot.ts';
import { RawWriters } from './raw-writers.ts';
import { type Action, perform, tell } from './writers.ts';

export function story(seed: number, dials: Dials, mistake?: Mistake): Schedule {
  const { lifecycle } = dials;
  const play = lifecycle === undefined ? playOf(dials) : playOfKinds(lifecycle, dials);
  return { seed, dials, play, tampering: mistake && tamperingOf(mistake) };
}

function playOf(dials: Dials): Play {
  return (draw) => {
    const cast = drawCast(draw, dials);
    return {
      populate: (tables, dice) => populate(tables, cast, dice, !dials.learns),
      draw: (world, fraction) => drawAction(cast, world, fraction),
      perform: async ({ writer, db }: Place, action, exercised) => {
        const answer = await perform(writer, db, MEMORY_NAMES, action as Action);
        if (answer === 'done' && (action as Action).do === 'undelete') exercised.count('undeletes');
        return answer;
      },
      tell: (action) => tell(action as Action),
      mayLose: (action) => !/^raw/.test((action as Action).do),
      isSpared,
      ...(dials.raw && { excuses: new RawWriters(swarmkitPlan(dials.choices)) }),
    };
  };
}

/** A raw writer uses the SDK's client with retries of its own, which is not ours to try. It names attributes plainly. */
function isSpared({ input }: Request): boolean {
  return /attribute_(not_)?exists\(id\)/.test(String((input as Record<string, unknown>).ConditionExpression));
}
