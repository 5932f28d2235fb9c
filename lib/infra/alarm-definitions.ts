/** The alarms as data: what each watches, how urgent it is, what it means, and where the runbook says what to do. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { sideOf, type TableName } from '../dynamodb/schema.ts';
import { constructId } from '../streams/deployment.ts';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName, STREAM_FUNCTION_NAMES } from '../streams/functions.ts';
import type { AlarmOption } from './alarm-options.ts';
import { functionMetric, iteratorAge, METRIC_PERIOD } from './metrics.ts';

/** What alarms watch. */
export interface Watched {
  readonly tables: Readonly<Record<TableName, ITable>>;
  /** Each function's timeout. */
  readonly timeoutMillis: (name: FunctionName) => number;
  readonly namespace: string;
  readonly functions: Readonly<Record<FunctionName, IFunction>>;
  /** By the construct id of the alarm on it. */
  readonly deadLetterQueues: Readonly<Record<string, IQueue>>;
}

export interface Definition {
  /** The construct's id, which also ends the alarm's name: not to be renamed. */
  readonly id: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** @default TreatMissingData.NOT_BREACHING */
  readonly missing?: TreatMissingData;
  readonly comparison?: ComparisonOperator;
  readonly meaning: string;
  /** The runbook's section. */
  readonly section: string;
}

/**
 * `urgent`: records get lost within a day, or nothing is deleted any more. `notice`: it can wait for the next working day.
 */
export type AlarmSeverity = 'urgent' | 'notice';

export const SEVERITIES: Readonly<Record<AlarmOption, AlarmSeverity>> = {
  deadLetters: 'notice',
  iteratorAge: 'urgent',
  errors: 'urgent',
  sweepFailures: 'notice',
  sweepMissing: 'urgent',
  oldestMark: 'notice',
  sweptUp: 'urgent',
  malformedMarks: 'notice',
  throttledFunctions: 'notice',
  nearTimeout: 'notice',
  throttledTables: 'notice',
  systemErrors: 'notice',
  consumedWriteUnits: 'notice',
  consumedReadUnits: 'notice',
};

const HOUR = Duration.hours(1);

/** What functions mostly ask each table. An alarm can have 10 metrics. */
const OPERATIONS: readonly (readonly [TableName, string])[] = [
  ['counters', 'UpdateItem'],
  ['counters', 'BatchGetItem'],
  ['tasks', 'Query'],
  ['attachments', 'Query'],
  ['services', 'GetItem'],
  ['networks', 'GetItem'],
  ['services', 'TransactWriteItems'],
  ['networks', 'TransactWriteItems'],
];

/** Their sum. DynamoDB sends no metric of what did not happen, and a sum with a hole in it would be none. */
function sum(metrics: readonly IMetric[], period: Duration = METRIC_PERIOD): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, n) => [`m${n}`, metric]));
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    period,
  });
}

/** The alarms of each option, at its threshold: a count, or seconds. */
export const ALARMS: Readonly<Record<AlarmOption, (threshold: number, watched: Watched) => readonly Definition[]>> = {
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
    STREAM_FUNCTION_NAMES.filter((name) => sideOf(FUNCTIONS[name].table).of === 'parents').map((name) => ({
      id: `MalformedMarks${FUNCTIONS[name].id}`,
      metric: functionMetric(namespace, 'MalformedMarks', name),
      threshold,
      meaning: 'a raw writer wrote a pendingDelete that is no mark, and waits for nothing.',
      section: 'malformed-marks',
    })),
  throttledFunctions: (threshold, { functions }) =>
    FUNCTION_NAMES.map((name) => ({
      id: `Throttled${FUNCTIONS[name].id}`,
      metric: functions[name].metricThrottles(),
      threshold,
      meaning: `Lambda has no concurrency left for ${name}.`,
      section: 'functions-are-throttled',
    })),
  nearTimeout: (percent, { functions, timeoutMillis }) =>
    FUNCTION_NAMES.map((name) => ({
      id: `NearTimeout${FUNCTIONS[name].id}`,
      metric: functions[name].metricDuration({ statistic: Stats.MAXIMUM }),
      threshold: (timeoutMillis(name) * percent) / 100,
      meaning: `${name} takes nearly as long as it may.`,
      section: 'a-function-nears-its-timeout',
    })),
  throttledTables: (threshold, { tables }) =>
    (Object.keys(tables) as TableName[]).map((name) => ({
      id: `Throttled${constructId(name)}`,
      metric: sum(
        ['ReadThrottleEvents', 'WriteThrottleEvents'].map((metric) =>
          tables[name].metric(metric, { statistic: Stats.SUM }),
        ),
      ),
      threshold,
      meaning: `DynamoDB throttles the table ${name}.`,
      section: 'a-throttled-table',
    })),
  systemErrors: (threshold, { tables }) => [
    {
      id: 'SystemErrors',
      metric: sum(
        OPERATIONS.map(([name, Operation]) =>
          tables[name].metric('SystemErrors', {
            statistic: Stats.SUM,
            dimensionsMap: { TableName: tables[name].tableName, Operation },
          }),
        ),
      ),
      threshold,
      meaning: 'requests fail inside DynamoDB.',
      section: 'dynamodb-fails',
    },
  ],
  consumedWriteUnits: (threshold, { tables }) => [consumed('Write', threshold, tables)],
  consumedReadUnits: (threshold, { tables }) => [consumed('Read', threshold, tables)],
};

function consumed(what: 'Read' | 'Write', threshold: number, tables: Watched['tables']): Definition {
  const metrics = Object.values(tables).map((table) =>
    table.metric(`Consumed${what}CapacityUnits`, { statistic: Stats.SUM, period: HOUR }),
  );
  return {
    id: `Consumed${what}Units`,
    metric: sum(metrics, HOUR),
    threshold,
    meaning: `the tables consume more ${what.toLowerCase()} units in an hour than was planned.`,
    section: 'it-costs-more-than-planned',
  };
}
