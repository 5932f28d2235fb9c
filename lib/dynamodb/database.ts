/** One deployment's tables, as everything here reaches them. */
import type { Plan } from '../lifecycle/plan.ts';
import type { Chance } from '../protocol/chance.ts';
import { DEFAULT_RULES, type Rules, swarmkitPlan } from '../protocol/rules.ts';
import { Addresses } from './addresses.ts';
import { Requests, type Sender } from './requests.ts';
import type { RetryObserver } from './retry.ts';
import type { PhysicalNames } from './schema.ts';
import { systemChance } from './system-chance.ts';

export interface Database {
  readonly requests: Requests;
  readonly at: Addresses;
  /** What its kinds are. */
  readonly plan: Plan;
  /** What the deployment has chosen. */
  readonly rules: Rules;
  readonly chance: Chance;
}

export interface DatabaseOptions {
  /** @default SwarmKit's kinds, by the rules */
  readonly plan?: Plan | undefined;
  /** @default {@link DEFAULT_RULES} */
  readonly rules?: Rules | undefined;
  /** Time, and the pauses between tries. @default the system's */
  readonly chance?: Chance | undefined;
  /** What is told of each retry. @default - nothing is */
  readonly observer?: RetryObserver;
}

export function openDatabase(
  db: Sender,
  tables: PhysicalNames,
  {
    rules = DEFAULT_RULES,
    plan = swarmkitPlan(rules),
    chance = systemChance,
    observer = { onRetry: () => {} },
  }: DatabaseOptions = {},
): Database {
  return { requests: new Requests(db, chance, observer), at: new Addresses(plan, tables), plan, rules, chance };
}
