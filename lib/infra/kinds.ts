/** The kinds that a deployment keeps: what is declared, and what follows from it. */
import type { Construct } from 'constructs';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { isLifecycleError } from '../lifecycle/refusals.ts';
import { swarmkit } from '../lifecycle/swarmkit.ts';
import { functionNamesOf } from '../streams/functions.ts';
import { refuse, refuseUnknown } from './refusal.ts';

export interface KindProps {
  /**
   * Kinds of your own, as `defineLifecycle` gives them. Tables, functions, permissions, alarms and dashboard follow from them:
   * docs/your-own-kinds.md. Not beside `taskIsGone`, `stopTasks` and `taskNetworks`, which are choices of SwarmKit's kinds.
   * @default - SwarmKit's kinds: services, tasks and networks
   */
  readonly lifecycle?: Lifecycle;

  /**
   * When a task no longer holds its service. `deleted`: once its item is gone. `terminal`: already when its `status.state`
   * is one that SwarmKit's tasks end in (complete, shutdown, failed, rejected, remove, orphaned); a state that no task leaves
   * again. Its item is then history, which its service may leave behind. Choose before the first deployment: the Tasks
   * stream must carry images then, and a change of that replaces the stream (docs/upgrading.md).
   * @default 'deleted'
   */
  readonly taskIsGone?: 'deleted' | 'terminal';

  /**
   * Whether a mark sets `desiredState: "remove"` on the service's tasks, so that their runners stop and delete them: at
   * once, or by the first sweep after the grace period. An undelete does not take it back.
   * @default false
   */
  readonly stopTasks?: boolean;

  /**
   * Whether a task holds the networks that its own `networks[].target` name, as its service holds those that it refers to:
   * for tasks that are attached to a network by themselves. Each such task has one more item for each network. Every change
   * of a task then wakes a function, which asks the database only about tasks that changed their networks. Give a typed
   * client of your own making the same: `lifecycle: swarmkit({ taskNetworks: true })`; `connect` tells it by itself. Choose before
   * the first deployment: as `taskIsGone`, it changes what the Tasks stream carries.
   * @default false
   */
  readonly taskNetworks?: boolean;
}

/** The props that change SwarmKit's kinds. */
const CHOICES = ['taskIsGone', 'stopTasks', 'taskNetworks'] as const;

export interface Kinds {
  readonly lifecycle: Lifecycle;
  readonly plan: Plan;
}

/** What is said of a table or a function by its name here. */
type NamedProps = Readonly<
  Partial<Record<'tables' | 'warmThroughput' | 'expiryAttributes' | 'mappings' | 'reservedConcurrency', object>>
>;

export function readKinds(scope: Construct, props: KindProps & NamedProps): Kinds {
  const kinds = planned(scope, declared(scope, props));
  const tables = Object.keys(kinds.plan.tables);
  refuseUnknown(scope, 'tables', props.tables, tables);
  refuseUnknown(scope, 'warmThroughput', props.warmThroughput, tables);
  refuseUnknown(scope, 'expiryAttributes', props.expiryAttributes, tables);
  refuseUnknown(scope, 'mappings', props.mappings, Object.keys(kinds.plan.functions));
  refuseUnknown(scope, 'reservedConcurrency', props.reservedConcurrency, functionNamesOf(kinds.plan));
  return kinds;
}

function declared(scope: Construct, { lifecycle, ...props }: KindProps): Lifecycle {
  const { taskIsGone, stopTasks, taskNetworks } = props;
  if (taskIsGone !== undefined && taskIsGone !== 'deleted' && taskIsGone !== 'terminal') {
    refuse(scope, `taskIsGone is "${taskIsGone}", and must be "deleted" or "terminal"; choose one of the two`);
  }
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
