/** What a deployment has chosen: the same for all of its functions. Every choice is off by default. */
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { swarmkit } from '../lifecycle/swarmkit.ts';
import { RECEIPT_DAYS_DEFAULT } from './limits.ts';

/** What a deployment may choose; the construct's props of these names set it. */
export interface Rules {
  /**
   * When a task no longer keeps its service: once it is deleted, or already in one of SwarmKit's terminal states
   * (`complete`, `shutdown`, `failed`, `rejected`, `remove`, `orphaned`), as SwarmKit's authors planned (https://github.com/moby/swarmkit/pull/2814).
   */
  readonly taskIsGone: 'deleted' | 'terminal';
  /** How long a mark must be old before its object may go. After that, only remaining tasks delay it. */
  readonly gracePeriodMillis: number;
  /** Whether a mark sets `desiredState: "remove"` on the service's tasks, for the program that runs them. */
  readonly stopTasks: boolean;
  /** Whether a task holds the networks that its own `networks` name, as a service holds the networks that it refers to. */
  readonly taskNetworks: boolean;
  /** Days that the receipt of a deletion is kept. */
  readonly receiptDays: number;
}

/** Every choice off; receipts are kept for 90 days. */
export const DEFAULT_RULES: Rules = {
  taskIsGone: 'deleted',
  gracePeriodMillis: 0,
  stopTasks: false,
  taskNetworks: false,
  receiptDays: RECEIPT_DAYS_DEFAULT,
};

const swarmkitPlans = new Map<string, Plan>();

/** SwarmKit's kinds by the choices. A plan for each, made once: a database is opened for each invocation. */
export function swarmkitPlan({ taskIsGone, stopTasks, taskNetworks }: Rules): Plan {
  const choice = JSON.stringify([taskIsGone, stopTasks, taskNetworks]);
  const plan: Plan = swarmkitPlans.get(choice) ?? planOf(swarmkit({ taskIsGone, stopTasks, taskNetworks }));
  swarmkitPlans.set(choice, plan);
  return plan;
}
