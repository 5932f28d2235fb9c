/** When each alarm rings: what a deployment may choose, and what is refused. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type Range, readWithin } from './ranges.ts';
import { refuse } from './refusal.ts';

/** When each alarm rings; `false` leaves it out. */
export interface AlarmThresholds {
  /**
   * Messages in a dead-letter queue, 1 or more. One alarm for the streams' and the sweep's queue, and one for the events'
   * queue if there is an event bus.
   * @default 1
   */
  readonly deadLetters?: number | false;

  /**
   * Age of a record when its function gets it, 1 minute to 24 hours. At `maxRecordAge` it goes to the dead-letter queue,
   * after 24 hours the stream forgets it. One alarm for each of the four streams.
   * @default Duration.minutes(30)
   */
  readonly iteratorAge?: Duration | false;

  /**
   * Invocations of one function that end in an error in 5 minutes, 1 or more: timeouts, crashes, no memory. A single
   * record that fails does not count; it is tried again and then goes to the dead-letter queue. One alarm for each of the
   * four streams' functions; `sweepMissing` tells of a broken sweep.
   * @default 3
   */
  readonly errors?: number | false;

  /**
   * Parents that sweeps could not settle in an hour, 1 or more. With four sweeps an hour, one parent that fails each time
   * reaches 3.
   * @default 3
   */
  readonly sweepFailures?: number | false;

  /**
   * How long no sweep has come to its end, whole minutes from 1 minute to 24 hours. Right after the first deployment it may
   * ring until the first sweep has ended. Choose several times the interval of `sweepSchedule`.
   * @default Duration.hours(1)
   */
  readonly sweepMissing?: Duration | false;

  /**
   * Age of the oldest mark whose parent is still there, 1 minute to 365 days. Choose more than your longest drain takes.
   * @default - 24 hours and the grace period
   */
  readonly oldestMark?: Duration | false;

  /**
   * Objects that sweeps deleted in an hour, 1 or more: work of records that never came.
   * @default - 10; left out where there is a grace period, since sweeps then delete regularly
   */
  readonly sweptUp?: number | false;

  /**
   * Writes of a malformed `pendingDelete` in 5 minutes, 1 or more. One alarm for each guarded kind.
   * @default 1
   */
  readonly malformedMarks?: number | false;

  /**
   * Invocations of one function that Lambda throttled in 5 minutes, 1 or more. One alarm for each of the five functions: $0.50 a
   * month in 2026. A stream's records wait meanwhile, so that `iteratorAge` rings too if it lasts.
   * @default false
   */
  readonly throttledFunctions?: number | false;

  /**
   * How near to its timeout an invocation came in 5 minutes, in percent of it, 1 to 100. One alarm for each of the five
   * functions: $0.50 a month in 2026. 80 is a good choice: a batch takes well under a second of its minute.
   * @default false
   */
  readonly nearTimeout?: number | false;

  /**
   * Requests to one table that DynamoDB throttled in 5 minutes, reads and writes together, by the deallocator or by others, 1
   * or more. One alarm on two metrics for each of the six tables: $1.20 a month in 2026.
   * @default false
   */
  readonly throttledTables?: number | false;

  /**
   * Requests that failed inside DynamoDB in 5 minutes, 1 or more, of the kinds that functions send most. One alarm on eight
   * metrics: $0.80 a month in 2026. They are tried again, and `errors` or `deadLetters` rings if that does not help.
   * @default false
   */
  readonly systemErrors?: number | false;

  /**
   * Write units that the six tables consume in an hour, all writers together, 1 or more: a budget. One alarm on six metrics:
   * $0.60 a month in 2026. A million units cost $0.625 then, in us-east-1.
   * @default false
   */
  readonly consumedWriteUnits?: number | false;

  /**
   * The same for read units. A million cost $0.125 in 2026, in us-east-1.
   * @default false
   */
  readonly consumedReadUnits?: number | false;
}

export type AlarmOption = keyof AlarmThresholds;

const COUNT: Range = { least: 1, most: 1_000_000 };
const UNITS: Range = { least: 1, most: 1_000_000_000_000 };
const PERCENT: Range = { least: 1, most: 100 };
const DAY_SECONDS = 24 * 60 * 60;
const DAY: Range = { least: 60, most: DAY_SECONDS };
const YEAR: Range = { least: 60, most: 365 * DAY_SECONDS };

/** Counts, and durations in seconds; undefined where the deployment leaves the alarm out. */
export function readThresholds(
  scope: Construct,
  chosen: AlarmThresholds,
  gracePeriodMillis: number,
): Readonly<Record<AlarmOption, number | undefined>> {
  const read = (property: AlarmOption, threshold: number | Duration | false, range: Range): number | undefined => {
    if (threshold === false) return undefined;
    return readWithin(scope, `alarms.${property}`, threshold, range);
  };
  const sweepMissing = read('sweepMissing', chosen.sweepMissing ?? Duration.hours(1), DAY);
  if (sweepMissing !== undefined && sweepMissing % 60 !== 0) {
    refuse(
      scope,
      `alarms.sweepMissing is ${sweepMissing} seconds, and must be whole minutes; choose a duration in minutes`,
    );
  }
  const longDrain = Duration.seconds(DAY_SECONDS + gracePeriodMillis / 1000);
  return {
    deadLetters: read('deadLetters', chosen.deadLetters ?? 1, COUNT),
    iteratorAge: read('iteratorAge', chosen.iteratorAge ?? Duration.minutes(30), DAY),
    errors: read('errors', chosen.errors ?? 3, COUNT),
    sweepFailures: read('sweepFailures', chosen.sweepFailures ?? 3, COUNT),
    sweepMissing,
    sweptUp: read('sweptUp', chosen.sweptUp ?? (gracePeriodMillis > 0 ? false : 10), COUNT),
    oldestMark: read('oldestMark', chosen.oldestMark ?? longDrain, YEAR),
    malformedMarks: read('malformedMarks', chosen.malformedMarks ?? 1, COUNT),
    throttledFunctions: read('throttledFunctions', chosen.throttledFunctions ?? false, COUNT),
    nearTimeout: read('nearTimeout', chosen.nearTimeout ?? false, PERCENT),
    throttledTables: read('throttledTables', chosen.throttledTables ?? false, COUNT),
    systemErrors: read('systemErrors', chosen.systemErrors ?? false, COUNT),
    consumedWriteUnits: read('consumedWriteUnits', chosen.consumedWriteUnits ?? false, UNITS),
    consumedReadUnits: read('consumedReadUnits', chosen.consumedReadUnits ?? false, UNITS),
  };
}
