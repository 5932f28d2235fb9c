/** Whether kinds are SwarmKit's: documents of Docker's and paths that a selftest knows by heart are of these alone. */
import { isDeepStrictEqual } from 'node:util';
import { type Plan, planOf } from './plan.ts';
import { SWARMKIT_ALL, swarmkit } from './swarmkit.ts';

const CHOICES = [false, true];

/** One for each choice, and that of all kinds; made once, where somebody asks. */
let plans: readonly Plan[] | undefined;

export function isSwarmkits({ kinds, attributes }: Plan): boolean {
  plans ??= [
    planOf(SWARMKIT_ALL),
    ...CHOICES.flatMap((stopTasks) =>
      CHOICES.flatMap((taskNetworks) =>
        (['deleted', 'terminal'] as const).map(
          (taskIsGone): Plan => planOf(swarmkit({ stopTasks, taskNetworks, taskIsGone })),
        ),
      ),
    ),
  ];
  return plans.some((one) => isDeepStrictEqual(one.kinds, kinds) && isDeepStrictEqual(one.attributes, attributes));
}
