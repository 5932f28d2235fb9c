/** The rules that a deployment chooses, whatever its kinds are. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { RECEIPT_DAYS_DEFAULT } from '../protocol/limits.ts';
import type { Rules } from '../protocol/rules.ts';
import { type Range, readWithin } from './ranges.ts';

export interface RuleProps {
  /**
   * How old a mark must be before anything is deleted for it, 0 seconds to 30 days, counted from its `markedAt`. A parent
   * that lost its last child earlier goes with the first sweep after that. A mark whose `markedAt` tells no time has no
   * grace period.
   * @default Duration.seconds(0)
   */
  readonly gracePeriod?: Duration;

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
  const { gracePeriod = Duration.seconds(0), receiptRetention = Duration.days(RECEIPT_DAYS_DEFAULT) } = props;
  const graceSeconds = readWithin(scope, 'gracePeriod', gracePeriod, GRACE_PERIOD);
  const receiptSeconds = readWithin(scope, 'receiptRetention', receiptRetention, RECEIPT_RETENTION);
  return { gracePeriodMillis: graceSeconds * 1000, receiptDays: Math.ceil(receiptSeconds / DAY_SECONDS) };
}
