/** The kinds that a deployment keeps: what is declared, and what follows from it. */
import type { Construct } from 'constructs';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { planOf, type WholePlan } from '../lifecycle/plan.ts';
import { isLifecycleError } from '../lifecycle/refusals.ts';
import { swarmkit } from '../lifecycle/swarmkit.ts';
import { functionNamesOf } from '../streams/functions.ts';
import { refuse, refuseUnknown } from './refusal.ts';
import type { RuleProps } from './rules.ts';

export interface KindProps {
  /**
   * Kinds of your own, as `defineLifecycle` gives them. Tables, functions, permissions, alarms and dashboard follow from them:
   * docs/your-own-kinds.md. Not beside `taskIsGone`, `stopTasks` and `taskNetworks`, which are choices of SwarmKit's kinds.
   * @default - SwarmKit's kinds: services, tasks and networks
   */
  readonly lifecycle?: Lifecycle;
}

/** The props that change SwarmKit's kinds. */
const CHOICES = ['taskIsGone', 'stopTasks', 'taskNetworks'] as const;

export interface Kinds {
  readonly lifecycle: Lifecycle;
  readonly plan: WholePlan;
}

/** What is said of a table or a function by its name here. */
type NamedProps = Readonly<
  Partial<Record<'tables' | 'warmThroughput' | 'expiryAttributes' | 'mappings' | 'reservedConcurrency', object>>
>;

export function readKinds(scope: Construct, props: KindProps & RuleProps & NamedProps): Kinds {
  const kinds = planned(scope, declared(scope, props));
  const tables = Object.keys(kinds.plan.tables);
  refuseUnknown(scope, 'tables', props.tables, tables);
  refuseUnknown(scope, 'warmThroughput', props.warmThroughput, tables);
  refuseUnknown(scope, 'expiryAttributes', props.expiryAttributes, tables);
  refuseUnknown(scope, 'mappings', props.mappings, Object.keys(kinds.plan.functions));
  refuseUnknown(scope, 'reservedConcurrency', props.reservedConcurrency, functionNamesOf(kinds.plan));
  return kinds;
}

function declared(scope: Construct, { lifecycle, ...props }: KindProps & RuleProps): Lifecycle {
  const { taskIsGone, stopTasks, taskNetworks } = props;
  if (lifecycle === undefined) return swarmkit({ taskIsGone, stopTasks, taskNetworks });
  const both = CHOICES.filter((choice) => props[choice] !== undefined);
  if (both.length === 0) return lifecycle;
  refuse(
    scope,
    `lifecycle is given beside ${both.join(', ')}, which would change SwarmKit's kinds and nothing else; leave out one or the other: ` +
      `lifecycle: swarmkit({ ${both.map((choice) => `${choice}: …`).join(', ')} }) says the same`,
  );
}

function planned(scope: Construct, lifecycle: Lifecycle): Kinds {
  try {
    return { lifecycle, plan: planOf(lifecycle) };
  } catch (error) {
    if (!isLifecycleError(error)) throw error;
    return refuse(scope, `lifecycle: ${error.message}`);
  }
}
