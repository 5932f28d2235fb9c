/** The stories of one's own kinds. */
import type { World } from '../../../lib/protocol/invariants.ts';
import type { Item } from '../../../lib/testing/memory/tables.ts';
import type { Play } from '../../../lib/testing/simulation/scene.ts';
import type { Dials } from '../dials.ts';
import { drawKindsCast, populateKinds } from './cast.ts';
import { type LifecycleName, planNamed } from './lifecycles.ts';
import { KindsWatch } from './watch.ts';
import { drawKindsAction, type KindsAction, performKindsAction, tellKindsAction } from './writers.ts';

export function playOfKinds(lifecycle: LifecycleName, dials: Dials): Play {
  return (draw) => {
    const plan = planNamed(lifecycle, draw);
    const cast = drawKindsCast(plan, draw, dials);
    return {
      own: { plan, watch: new KindsWatch(plan, dials.raw) },
      populate: (tables, dice) => populateKinds(tables, cast, dice),
      draw: (world: World, fraction) =>
        drawKindsAction(cast, world as unknown as Record<string, readonly Item[]>, fraction),
      perform: async (place, action, exercised) => {
        const answer = await performKindsAction(plan, place, action as KindsAction);
        if (answer === 'done' && (action as KindsAction).do === 'undelete') exercised.count('undeletes');
        return answer;
      },
      tell: (action) => tellKindsAction(action as KindsAction),
      mayLose: (action) => !/^raw|delete|end/.test((action as KindsAction).do),
      // A single write has no token: what the SDK's repeat of it does is its writer's own business.
      isSpared: ({ operation, input: { ConditionExpression: condition } }) =>
        (operation === 'UpdateItem' && String(condition) === 'attribute_exists(#key)') ||
        (operation === 'DeleteItem' && condition === undefined),
    };
  };
}
