/** What a deployment has chosen: the same for all of its functions. Every choice is off by default. */
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { type SwarmkitOptions, swarmkit } from '../lifecycle/swarmkit.ts';
import { RECEIPT_DAYS_DEFAULT } from './limits.ts';

/** What a deployment may choose, whatever its kinds are. */
export interface Rules {
  /** How long a mark must be old before its object may go. After that, only what keeps it delays it. */
  readonly gracePeriodMillis: number;
  /** Days that the receipt of a deletion is kept. */
  readonly receiptDays: number;
}

/** The same with what changes SwarmKit's kinds, as one: the construct's props of these names set it. What the engine knows of it is in the plan. */
export interface SwarmkitRules extends Rules, SwarmkitOptions {}

/** Every choice off; receipts are kept for 90 days. */
export const DEFAULT_RULES: Rules & Required<SwarmkitOptions> = {
  taskIsGone: 'deleted',
  gracePeriodMillis: 0,
  stopTasks: false,
  taskNetworks: false,
  receiptDays: RECEIPT_DAYS_DEFAULT,
};

const swarmkitPlans = new Map<string, Plan>();

/** SwarmKit's kinds by the choices. A plan for each, made once: a database is opened for each invocation. */
export function swarmkitPlan({ taskIsGone, stopTasks, taskNetworks }: SwarmkitRules): Plan {
  const choice = JSON.stringify([taskIsGone, stopTasks, taskNetworks]);
  const plan: Plan = swarmkitPlans.get(choice) ?? planOf(swarmkit({ taskIsGone, stopTasks, taskNetworks }));
  swarmkitPlans.set(choice, plan);
  return plan;
}
