/** SwarmKit's kinds as plans, and whether kinds are SwarmKit's: Docker's documents and a selftest's paths are of these alone. */
import { isDeepStrictEqual } from 'node:util';
import { type Plan, planOf } from './plan.ts';
import { SWARMKIT_ALL, type SwarmkitOptions, swarmkit } from './swarmkit.ts';

const swarmkitPlans = new Map<string, Plan>();

/** SwarmKit's kinds by the choices: a plan for each, made once, since a database is opened for each invocation. */
export function swarmkitPlan({ taskIsGone, stopTasks, taskNetworks }: SwarmkitOptions = {}): Plan {
  const name = [taskIsGone ?? 'deleted', stopTasks ?? false, taskNetworks ?? false].join();
  const plan: Plan = swarmkitPlans.get(name) ?? planOf(swarmkit({ taskIsGone, stopTasks, taskNetworks }));
  swarmkitPlans.set(name, plan);
  return plan;
}

const isSame = (one: Plan, { kinds, attributes }: Plan) =>
  isDeepStrictEqual(one.kinds, kinds) && isDeepStrictEqual(one.attributes, attributes);

/** Whether they are those that everything takes where nobody says any. */
export function isDefault(plan: Plan): boolean {
  return isSame(swarmkitPlan(), plan);
}

const CHOICES = [false, true];

/** One for each choice, and that of all kinds; made once, where somebody asks. */
let plans: readonly Plan[] | undefined;

export function isSwarmkits(plan: Plan): boolean {
  plans ??= [
    planOf(SWARMKIT_ALL),
    ...CHOICES.flatMap((stopTasks) =>
      CHOICES.flatMap((taskNetworks) =>
        (['deleted', 'terminal'] as const).map((taskIsGone) => swarmkitPlan({ stopTasks, taskNetworks, taskIsGone })),
      ),
    ),
  ];
  return plans.some((one) => isSame(one, plan));
}
