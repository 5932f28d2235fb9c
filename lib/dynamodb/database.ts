/** One deployment's tables, as everything here reaches them. */
import type { Plan } from '../lifecycle/plan.ts';
import { swarmkitPlan } from '../lifecycle/swarmkits.ts';
import type { Chance } from '../protocol/chance.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
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
  /** Nothing in the tables is older than the declaration of the kinds. */
  readonly isLearned: boolean;
}

export interface DatabaseOptions {
  /** @default SwarmKit's kinds without any choice */
  readonly plan?: Plan | undefined;
  /** @default {@link DEFAULT_RULES} */
  readonly rules?: Rules | undefined;
  /** Time, and the pauses between tries. @default the system's */
  readonly chance?: Chance | undefined;
  /**
   * The tables began empty under these kinds, so that nothing in them is older than its declaration, and the item `lifecycle` is not
   * asked for (docs/design.md §4.4). Whoever has made them can know that. @default false
   */
  readonly isLearned?: boolean;
  /** What is told of each retry. @default - nothing is */
  readonly observer?: RetryObserver;
}

type AllOptions = { readonly [name in keyof DatabaseOptions]-?: NonNullable<DatabaseOptions[name]> };

export function openDatabase(
  db: Sender,
  tables: PhysicalNames,
  {
    rules = DEFAULT_RULES,
    plan = swarmkitPlan(),
    chance = systemChance,
    isLearned = false,
    observer = { onRetry: () => {} },
  }: DatabaseOptions = {},
): Database {
  return databaseOf(db, tables, { rules, plan, chance, isLearned, observer });
}

/** The same with every option said: a function's code then has no kinds but its own. */
export function databaseOf(db: Sender, tables: PhysicalNames, options: AllOptions): Database {
  const { rules, plan, chance, isLearned, observer } = options;
  const at = new Addresses(plan, tables);
  return { requests: new Requests(db, chance, observer), at, plan, rules, chance, isLearned };
}
