/** The alarms, each with what it means and with the runbook's section that says what to do. */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Rules } from '../protocol/rules.ts';
import { FUNCTIONS, type FunctionName, STREAM_FUNCTION_NAMES } from '../streams/functions.ts';
import { functionMetric, iteratorAge } from './metrics.ts';
import { type NameProps, nameWith } from './names.ts';
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
   * Services and networks that sweeps deleted in an hour, 1 or more: work of records that never came.
   * @default - 10; left out where there is a grace period, since sweeps then delete regularly
   */
  readonly sweptUp?: number | false;

  /**
   * Writes of a malformed `pendingDelete` in 5 minutes, 1 or more. One alarm each for services and networks.
   * @default 1
   */
  readonly malformedMarks?: number | false;
}

export interface AlarmProps {
  /**
   * When to ring, alarm by alarm; `false` leaves all of them out. In 2026 CloudWatch charges $0.10 a month for each of the
   * 15.
   * @default - all alarms, as their options say
   */
  readonly alarms?: AlarmThresholds | false;

  /**
   * What every alarm does when it begins to ring, such as `new SnsAction(topic)`.
   * @default - nothing: the alarms only show their state
   */
  readonly alarmAction?: IAlarmAction;

  /**
   * Where the runbook is that each alarm's description points to, without the `#section`.
   * @default 'docs/runbook.md', as it is in this package
   */
  readonly runbookUrl?: string;
}

/** What alarms watch. */
export interface Watched {
  readonly namespace: string;
  readonly functions: Readonly<Record<FunctionName, IFunction>>;
  /** By the construct id of the alarm on it. */
  readonly deadLetterQueues: Readonly<Record<string, IQueue>>;
}

interface Definition {
  /** The construct's id, which also ends the alarm's name: not to be renamed. */
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

type AlarmOption = keyof AlarmThresholds;

const COUNT: Range = { least: 1, most: 1_000_000 };
const DAY_SECONDS = 24 * 60 * 60;
const DAY: Range = { least: 60, most: DAY_SECONDS };
const YEAR: Range = { least: 60, most: 365 * DAY_SECONDS };
const HOUR = Duration.hours(1);

/** The alarms of each option, at its threshold: a count, or seconds. */
const ALARMS: Readonly<Record<AlarmOption, (threshold: number, watched: Watched) => readonly Definition[]>> = {
  deadLetters: (threshold, { deadLetterQueues }) =>
    Object.entries(deadLetterQueues).map(([id, queue]) => ({
      id,
      metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
      threshold,
      meaning: 'something was given up after its last retry.',
      section: 'dead-letters',
    })),
  iteratorAge: (seconds, { functions }) =>
    STREAM_FUNCTION_NAMES.map((name) => ({
      id: `IteratorAge${FUNCTIONS[name].id}`,
      metric: iteratorAge(functions[name]),
      threshold: seconds * 1000,
      meaning: `records reach ${name} late, and are lost after 24 hours.`,
      section: 'records-come-late',
    })),
  errors: (threshold, { functions }) =>
    STREAM_FUNCTION_NAMES.map((name) => ({
      id: `Errors${FUNCTIONS[name].id}`,
      metric: functions[name].metricErrors(),
      threshold,
      meaning: `invocations of ${name} end in an error.`,
      section: 'a-function-is-broken',
    })),
  sweepFailures: (threshold, { namespace }) => [
    {
      id: 'SweepFailures',
      metric: functionMetric(namespace, 'Failures', 'sweep', { period: HOUR }),
      threshold,
      meaning: 'sweeps cannot settle something that is marked.',
      section: 'the-sweep-fails',
    },
  ],
  sweepMissing: (seconds, { namespace }) => [
    {
      id: 'SweepMissing',
      metric: functionMetric(namespace, 'SweepsFinished', 'sweep', { period: Duration.seconds(seconds) }),
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      meaning: 'no sweep has come to its end, so nothing makes up for lost records.',
      section: 'the-sweep-fails',
    },
  ],
  sweptUp: (threshold, { namespace }) => [
    {
      id: 'SweptUp',
      metric: functionMetric(namespace, 'SweptUp', 'sweep', { period: HOUR }),
      threshold,
      meaning: 'sweeps delete what records should have led to: records are lost.',
      section: 'records-are-lost',
    },
  ],
  oldestMark: (seconds, { namespace }) => [
    {
      id: 'OldestMark',
      metric: functionMetric(namespace, 'OldestMarkSeconds', 'sweep', { statistic: Stats.MAXIMUM }),
      threshold: seconds,
      // Only a sweep tells, and there is one every 15 minutes. Where no sweep comes, `sweepMissing` rings.
      missing: TreatMissingData.IGNORE,
      meaning: 'something was marked long ago and is still there.',
      section: 'a-drain-takes-too-long',
    },
  ],
  malformedMarks: (threshold, { namespace }) =>
    STREAM_FUNCTION_NAMES.filter((name) => FUNCTIONS[name].role === 'parent-updated').map((name) => ({
      id: `MalformedMarks${FUNCTIONS[name].id}`,
      metric: functionMetric(namespace, 'MalformedMarks', name),
      threshold,
      meaning: 'a raw writer wrote a pendingDelete that is no mark, and waits for nothing.',
      section: 'malformed-marks',
    })),
};

export function createAlarms(
  scope: Construct,
  watched: Watched,
  props: AlarmProps & NameProps,
  { gracePeriodMillis }: Rules,
): Alarm[] {
  if (props.alarms === false) return [];
  const thresholds = readThresholds(scope, props.alarms ?? {}, gracePeriodMillis);
  const definitions = (Object.keys(ALARMS) as AlarmOption[]).flatMap((option) => {
    const threshold = thresholds[option];
    return threshold === undefined ? [] : ALARMS[option](threshold, watched);
  });
  const parent = new Construct(scope, 'Alarms');
  const runbook = props.runbookUrl ?? 'docs/runbook.md';
  return definitions.map(({ id, metric, threshold, meaning, section, comparison, missing }) => {
    const alarm = new Alarm(parent, id, {
      alarmName: nameWith(props.resourcePrefix, id),
      metric,
      threshold,
      alarmDescription: `Deallocator: ${meaning} What to do: ${runbook}#${section}`,
      evaluationPeriods: 1,
      comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    if (props.alarmAction !== undefined) alarm.addAlarmAction(props.alarmAction);
    return alarm;
  });
}

/** Counts, and durations in seconds; undefined where the deployment leaves the alarm out. */
function readThresholds(
  scope: Construct,
  chosen: AlarmThresholds,
  gracePeriodMillis: number,
): Readonly<Record<AlarmOption, number | undefined>> {
  const read = (property: AlarmOption, threshold: number | Duration | false, range: Range): number | undefined => {
    if (threshold === false) return undefined;
    return readWithin(scope, `alarms.${property}`, threshold, range);
  };
  const sweepMissing = read('sweepMissing', chosen.sweepMissing ?? HOUR, DAY);
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
  };
}
