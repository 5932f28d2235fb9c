/** The alarms, each with what it means and where the runbook says what to do. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Rules } from '../protocol/rules.ts';
import { FUNCTION_IDS, FUNCTION_NAMES, type FunctionName } from './functions.ts';
import { functionMetric, iteratorAge } from './metrics.ts';
import { nameWith } from './names.ts';
import type { DeallocatorProps } from './props.ts';
import { refuseDurationOutside, refuseOutside } from './ranges.ts';

/** When each alarm rings; `false` leaves it out. */
export interface AlarmThresholds {
  /**
   * Messages in a dead-letter queue, 1 or more: the streams' and sweep's, and the events' if there are any.
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
   * record that fails is none; it is tried again and then a dead letter. One alarm for each of the four streams' functions;
   * of a broken sweep, `sweepMissing` tells.
   * @default 3
   */
  readonly errors?: number | false;

  /**
   * Parents that sweeps could not settle in an hour, 1 or more. With four sweeps an hour, 3 is one that fails each time.
   * @default 3
   */
  readonly sweepFailures?: number | false;

  /**
   * How long no sweep has come to its end, whole minutes from 1 minute to 24 hours. Right after the first deployment it may
   * ring until the first sweep has. Choose some times the interval of `sweepSchedule`.
   * @default Duration.hours(1)
   */
  readonly sweepMissing?: Duration | false;

  /**
   * Age of the oldest mark whose parent is still there, 1 minute to 365 days. Choose what no drain takes.
   * @default - 24 hours and the grace period
   */
  readonly oldestMark?: Duration | false;

  /**
   * Services and networks that sweeps deleted in an hour, 1 or more: work of records that never came.
   * @default - 10; none where there is a grace period, since sweeps then delete as a rule
   */
  readonly sweptUp?: number | false;

  /**
   * Writes of a `pendingDelete` that is no mark in 5 minutes, 1 or more. One alarm each for services and networks.
   * @default 1
   */
  readonly malformedMarks?: number | false;
}

/** What alarms watch. */
export interface Watched {
  readonly namespace: string;
  readonly functions: Readonly<Record<FunctionName, IFunction>>;
  /** By the construct id of the alarm on it. */
  readonly deadLetterQueues: Readonly<Record<string, IQueue>>;
  readonly rules: Rules;
}

/** The construct id and the physical name's end, which are not to be changed, and what the alarm watches. */
interface Definition {
  readonly id: string;
  readonly metric: Metric;
  readonly threshold: number;
  /** @default TreatMissingData.NOT_BREACHING */
  readonly missing?: TreatMissingData;
  readonly comparison?: ComparisonOperator;
  readonly meaning: string;
  /** The runbook's section. */
  readonly section: string;
}

const STREAM_FUNCTIONS = FUNCTION_NAMES.filter((name) => name !== 'sweep');

const COUNT_MAX = 1_000_000;
const DAY_SECONDS = 24 * 60 * 60;
const HOUR = Duration.hours(1);

export function createAlarms(scope: Construct, watched: Watched, props: DeallocatorProps): Alarm[] {
  if (props.alarms === false) return [];
  const parent = new Construct(scope, 'Alarms');
  const runbook = props.runbookUrl ?? 'docs/runbook.md';
  return definitions(parent, watched, props.alarms ?? {}).map(
    ({ id, metric, threshold, meaning, section, ...more }) => {
      const alarmName = nameWith(props.resourcePrefix, id);
      const alarm = new Alarm(parent, id, {
        ...(alarmName !== undefined && { alarmName }),
        metric,
        threshold,
        alarmDescription: `Deallocator: ${meaning} What to do: ${runbook}#${section}`,
        evaluationPeriods: 1,
        comparisonOperator: more.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: more.missing ?? TreatMissingData.NOT_BREACHING,
      });
      if (props.alarmAction !== undefined) alarm.addAlarmAction(props.alarmAction);
      return alarm;
    },
  );
}

function definitions(scope: Construct, watched: Watched, thresholds: AlarmThresholds): Definition[] {
  return [
    ...deadLetters(scope, watched, thresholds),
    ...iteratorAges(scope, watched, thresholds),
    ...errors(scope, watched, thresholds),
    ...sweeps(scope, watched, thresholds),
    ...marks(scope, watched, thresholds),
  ];
}

function deadLetters(scope: Construct, { deadLetterQueues }: Watched, thresholds: AlarmThresholds): Definition[] {
  const threshold = readCount(scope, 'deadLetters', thresholds.deadLetters, 1);
  if (threshold === undefined) return [];
  return Object.entries(deadLetterQueues).map(([id, queue]) => ({
    id,
    metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    threshold,
    meaning: 'something was given up after its last retry.',
    section: 'dead-letters',
  }));
}

function iteratorAges(scope: Construct, { functions }: Watched, thresholds: AlarmThresholds): Definition[] {
  const seconds = readSeconds(scope, 'iteratorAge', thresholds.iteratorAge, Duration.minutes(30), DAY_SECONDS);
  if (seconds === undefined) return [];
  return STREAM_FUNCTIONS.map((name) => ({
    id: `IteratorAge${FUNCTION_IDS[name]}`,
    metric: iteratorAge(functions[name]),
    threshold: seconds * 1000,
    meaning: `records reach ${name} late, and are lost after 24 hours.`,
    section: 'records-come-late',
  }));
}

function errors(scope: Construct, { functions }: Watched, thresholds: AlarmThresholds): Definition[] {
  const threshold = readCount(scope, 'errors', thresholds.errors, 3);
  if (threshold === undefined) return [];
  return STREAM_FUNCTIONS.map((name) => ({
    id: `Errors${FUNCTION_IDS[name]}`,
    metric: functions[name].metricErrors(),
    threshold,
    meaning: `invocations of ${name} end in an error.`,
    section: 'a-function-is-broken',
  }));
}

function sweeps(scope: Construct, { namespace, rules }: Watched, thresholds: AlarmThresholds): Definition[] {
  const failures = readCount(scope, 'sweepFailures', thresholds.sweepFailures, 3);
  const missing = readSeconds(scope, 'sweepMissing', thresholds.sweepMissing, HOUR, DAY_SECONDS);
  const sweptUp = readCount(scope, 'sweptUp', thresholds.sweptUp, rules.gracePeriodMillis > 0 ? false : 10);
  if (missing !== undefined && missing % 60 !== 0) {
    throw new Error(
      `${scope.node.path}: sweepMissing is ${missing} seconds, and must be whole minutes; choose a duration in minutes`,
    );
  }
  return [
    ...(failures === undefined
      ? []
      : [
          {
            id: 'SweepFailures',
            metric: functionMetric(namespace, 'Failures', 'sweep', { period: HOUR }),
            threshold: failures,
            meaning: 'sweeps can not settle something that is marked.',
            section: 'the-sweep-fails',
          },
        ]),
    ...(missing === undefined
      ? []
      : [
          {
            id: 'SweepMissing',
            metric: functionMetric(namespace, 'SweepsFinished', 'sweep', { period: Duration.seconds(missing) }),
            threshold: 1,
            comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
            missing: TreatMissingData.BREACHING,
            meaning: 'no sweep has come to its end, so nobody makes up for lost records.',
            section: 'the-sweep-fails',
          },
        ]),
    ...(sweptUp === undefined
      ? []
      : [
          {
            id: 'SweptUp',
            metric: functionMetric(namespace, 'SweptUp', 'sweep', { period: HOUR }),
            threshold: sweptUp,
            meaning: 'sweeps delete what records should have led to: records are lost.',
            section: 'records-are-lost',
          },
        ]),
  ];
}

function marks(scope: Construct, { namespace, rules }: Watched, thresholds: AlarmThresholds): Definition[] {
  const usual = Duration.seconds(DAY_SECONDS + rules.gracePeriodMillis / 1000);
  const oldest = readSeconds(scope, 'oldestMark', thresholds.oldestMark, usual, 365 * DAY_SECONDS);
  const malformed = readCount(scope, 'malformedMarks', thresholds.malformedMarks, 1);
  return [
    ...(oldest === undefined
      ? []
      : [
          {
            id: 'OldestMark',
            metric: functionMetric(namespace, 'OldestMarkSeconds', 'sweep', { statistic: Stats.MAXIMUM }),
            threshold: oldest,
            // Only a sweep tells, and there is one every 15 minutes. Where none comes, another alarm rings.
            missing: TreatMissingData.IGNORE,
            meaning: 'something was marked long ago and is still there.',
            section: 'a-drain-takes-too-long',
          },
        ]),
    ...(malformed === undefined
      ? []
      : (['service-updated', 'network-updated'] as const).map((name) => ({
          id: `MalformedMarks${FUNCTION_IDS[name]}`,
          metric: functionMetric(namespace, 'MalformedMarks', name),
          threshold: malformed,
          meaning: 'somebody wrote a pendingDelete that is no mark, and waits for nothing.',
          section: 'malformed-marks',
        }))),
  ];
}

function readCount(scope: Construct, property: string, chosen: number | false | undefined, usual: number | false) {
  const threshold = chosen ?? usual;
  if (threshold === false) return undefined;
  refuseOutside(scope, property, threshold, { least: 1, most: COUNT_MAX });
  return threshold;
}

function readSeconds(
  scope: Construct,
  property: string,
  chosen: Duration | false | undefined,
  usual: Duration,
  most: number,
): number | undefined {
  const threshold = chosen ?? usual;
  if (threshold === false) return undefined;
  refuseDurationOutside(scope, property, threshold, { least: 60, most });
  return threshold.toSeconds();
}
