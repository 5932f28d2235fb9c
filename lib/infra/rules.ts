/** The rules that a deployment chooses. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RECEIPT_DAYS_DEFAULT } from '../protocol/limits.ts';
import type { Rules } from '../protocol/rules.ts';
import { type Range, readWithin } from './ranges.ts';
import { refuse } from './refusal.ts';

export interface RuleProps {
  /**
   * When a task no longer holds its service. `deleted`: once its item is gone. `terminal`: already when its `status.state`
   * is one that SwarmKit's tasks end in (complete, shutdown, failed, rejected, remove, orphaned); a state that no task leaves
   * again. Its item is then history, which its service may leave behind. Choose before the first deployment: the Tasks
   * stream must carry images then, and a change of that replaces the stream (docs/upgrading.md).
   * @default 'deleted'
   */
  readonly taskIsGone?: 'deleted' | 'terminal';

  /**
   * How old a mark must be before anything is deleted for it, 0 seconds to 30 days, counted from its `markedAt`. A parent
   * that lost its last child earlier goes with the first sweep after that. A mark whose `markedAt` tells no time has no
   * grace period.
   * @default Duration.seconds(0)
   */
  readonly gracePeriod?: Duration;

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

  /**
   * How long the receipt of a deletion is kept, 1 to 3,650 days. DynamoDB forgets it within a few days after that.
   * @default Duration.days(90)
   */
  readonly receiptRetention?: Duration;
}

const DAY_SECONDS = 24 * 60 * 60;
/** At most a month. An object that should stay for longer should not be marked yet. */
const GRACE_PERIOD: Range = { least: 0, most: 30 * DAY_SECONDS };
/** At most ten years. */
const RECEIPT_RETENTION: Range = { least: DAY_SECONDS, most: 3650 * DAY_SECONDS };

export function readRules(scope: Construct, props: RuleProps): Rules {
  const { taskIsGone = 'deleted' } = props;
  if (taskIsGone !== 'deleted' && taskIsGone !== 'terminal') {
    refuse(scope, `taskIsGone is "${taskIsGone}", and must be "deleted" or "terminal"; choose one of the two`);
  }
  const { gracePeriod = Duration.seconds(0), receiptRetention = Duration.days(RECEIPT_DAYS_DEFAULT) } = props;
  const graceSeconds = readWithin(scope, 'gracePeriod', gracePeriod, GRACE_PERIOD);
  const receiptSeconds = readWithin(scope, 'receiptRetention', receiptRetention, RECEIPT_RETENTION);
  return { gracePeriodMillis: graceSeconds * 1000, receiptDays: Math.ceil(receiptSeconds / DAY_SECONDS) };
}
