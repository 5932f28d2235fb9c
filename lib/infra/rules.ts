/** The rules that the props choose, and the environment that carries them to each function. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RECEIPT_DAYS_DEFAULT } from '../protocol/limits.ts';
import type { Rules } from '../protocol/rules.ts';
import type { DeallocatorProps } from './props.ts';
import { type Range, refuseDurationOutside } from './ranges.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** A month: whoever wants to keep something for longer does not mark it. */
const GRACE_PERIOD_SECONDS_MAX = 30 * DAY_SECONDS;
/** Ten years. */
const RECEIPT_SECONDS_MAX = 3650 * DAY_SECONDS;

export function readRules(scope: Construct, props: DeallocatorProps): Rules {
  const { taskIsGone = 'deleted', stopTasks = false, taskNetworks = false } = props;
  if (taskIsGone !== 'deleted' && taskIsGone !== 'terminal') {
    throw new Error(
      `${scope.node.path}: taskIsGone is "${taskIsGone}", and must be "deleted" or "terminal"; choose one of the two`,
    );
  }
  const graceSeconds = readSeconds(scope, 'gracePeriod', props.gracePeriod ?? Duration.seconds(0), {
    least: 0,
    most: GRACE_PERIOD_SECONDS_MAX,
  });
  const receiptSeconds = readSeconds(
    scope,
    'receiptRetention',
    props.receiptRetention ?? Duration.days(RECEIPT_DAYS_DEFAULT),
    { least: DAY_SECONDS, most: RECEIPT_SECONDS_MAX },
  );
  return {
    taskIsGone,
    gracePeriodMillis: graceSeconds * 1000,
    stopTasks,
    taskNetworks,
    receiptDays: Math.ceil(receiptSeconds / DAY_SECONDS),
  };
}

/** Not a token: it is calculated with, and an output tells it to the tools. */
function readSeconds(scope: Construct, property: string, value: Duration, range: Range): number {
  if (value.isUnresolved()) {
    throw new Error(
      `${scope.node.path}: ${property} is a token, and must be known when the stack is synthesized; choose a duration`,
    );
  }
  refuseDurationOutside(scope, property, value, range);
  return value.toSeconds();
}

/** As the functions read them: lib/streams/ports.ts. */
export function ruleVariables({
  taskIsGone,
  gracePeriodMillis,
  stopTasks,
  taskNetworks,
  receiptDays,
}: Rules): Record<string, string> {
  return {
    TASK_IS_GONE: taskIsGone,
    GRACE_PERIOD_SECONDS: String(gracePeriodMillis / 1000),
    STOP_TASKS: stopTasks ? 'yes' : 'no',
    TASK_NETWORKS: taskNetworks ? 'yes' : 'no',
    RECEIPT_DAYS: String(receiptDays),
  };
}
