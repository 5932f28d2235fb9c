/** The alarms as data: what each watches, how urgent it is, what it means, and where the runbook says what to do. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Plan } from '../lifecycle/plan.ts';
import { functionConstructId, functionNamesOf } from '../streams/functions.ts';
import type { AlarmOption } from './alarm-options.ts';
import { functionMetric, iteratorAge, METRIC_PERIOD } from './metrics.ts';

/** What alarms watch. */
export interface Watched {
  readonly plan: Plan;
  readonly tables: Readonly<Record<string, ITable>>;
  /** Each function's timeout. */
  readonly timeoutMillis: (name: string) => number;
  readonly namespace: string;
  readonly functions: Readonly<Record<string, IFunction>>;
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

/** Metrics of one alarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html */
export const ALARM_METRICS_MAX = 10;

/** What functions mostly ask each table. */
function operationsOf({ kinds }: Plan): readonly (readonly [table: string, operation: string])[] {
  const counts = Object.values(kinds).flatMap(({ countedBy }) => countedBy);
  const guarded = Object.values(kinds).filter(({ isGuarded }) => isGuarded);
  const tables = new Set(counts.map((count) => (count.by === 'key' ? count.table : 'attachments')));
  return [
    ['counters', 'UpdateItem'],
    ['counters', 'BatchGetItem'],
    ...[...tables].map((table) => [table, 'Query'] as const),
    ...guarded.map(({ table }) => [table, 'GetItem'] as const),
    ...guarded.map(({ table }) => [table, 'TransactWriteItems'] as const),
  ];
}

function chunksOf<T>(all: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, n) => all.slice(n * most, (n + 1) * most));
}

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
  iteratorAge: (seconds, { plan, functions }) =>
    Object.entries(plan.functions).map(([name, { constructId }]) => ({
      id: `IteratorAge${constructId}`,
      metric: iteratorAge(functions[name] as IFunction),
      threshold: seconds * 1000,
      meaning: `records reach ${name} late, and are lost after 24 hours.`,
      section: 'records-come-late',
    })),
  errors: (threshold, { plan, functions }) =>
    Object.entries(plan.functions).map(([name, { constructId }]) => ({
      id: `Errors${constructId}`,
      metric: (functions[name] as IFunction).metricErrors(),
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
  malformedMarks: (threshold, { plan, namespace }) =>
    Object.entries(plan.functions)
      .filter(([, { kinds }]) => kinds.some((kind) => plan.kinds[kind]?.isGuarded))
      .map(([name, { constructId }]) => ({
        id: `MalformedMarks${constructId}`,
        metric: functionMetric(namespace, 'MalformedMarks', name),
        threshold,
        meaning: `a raw writer wrote a ${plan.attributes.pendingDelete} that is no mark, and waits for nothing.`,
        section: 'malformed-marks',
      })),
  throttledFunctions: (threshold, { plan, functions }) =>
    functionNamesOf(plan).map((name) => ({
      id: `Throttled${functionConstructId(plan, name)}`,
      metric: (functions[name] as IFunction).metricThrottles(),
      threshold,
      meaning: `Lambda has no concurrency left for ${name}.`,
      section: 'functions-are-throttled',
    })),
  nearTimeout: (percent, { plan, functions, timeoutMillis }) =>
    functionNamesOf(plan).map((name) => ({
      id: `NearTimeout${functionConstructId(plan, name)}`,
      metric: (functions[name] as IFunction).metricDuration({ statistic: Stats.MAXIMUM }),
      threshold: (timeoutMillis(name) * percent) / 100,
      meaning: `${name} takes nearly as long as it may.`,
      section: 'a-function-nears-its-timeout',
    })),
  throttledTables: (threshold, { plan, tables }) =>
    Object.entries(tables).map(([name, table]) => ({
      id: `Throttled${plan.tables[name]?.constructId}`,
      metric: sum(
        ['ReadThrottleEvents', 'WriteThrottleEvents'].map((metric) => table.metric(metric, { statistic: Stats.SUM })),
      ),
      threshold,
      meaning: `DynamoDB throttles the table ${name}.`,
      section: 'a-throttled-table',
    })),
  systemErrors: (threshold, { plan, tables }) =>
    chunksOf(operationsOf(plan), ALARM_METRICS_MAX).map((operations, n) => ({
      id: n === 0 ? 'SystemErrors' : `SystemErrors${n + 1}`,
      metric: sum(
        operations.map(([name, Operation]) => {
          const table = tables[name] as ITable;
          const dimensionsMap = { TableName: table.tableName, Operation };
          return table.metric('SystemErrors', { statistic: Stats.SUM, dimensionsMap });
        }),
      ),
      threshold,
      meaning: 'requests fail inside DynamoDB.',
      section: 'dynamodb-fails',
    })),
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
