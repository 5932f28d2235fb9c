/** The deployment at a glance: what waits, what went, how hard that was, what is wrong, and what it costs. */
import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  SingleValueWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { sideOf, type TableName } from '../dynamodb/schema.ts';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName, STREAM_FUNCTION_NAMES } from '../streams/functions.ts';
import { COUNTED_KINDS, type CountedKind, type MetricName } from '../streams/metrics.ts';
import { functionMetric, iteratorAge, METRIC_PERIOD, type Measured } from './metrics.ts';

export interface DashboardProps {
  /**
   * Whether there is a dashboard. In 2026 CloudWatch charges $3 a month for it, unless it is one of the account's first
   * three: it has less than their 50 metrics.
   * @default true
   */
  readonly dashboard?: boolean;
}

export interface Shown {
  readonly namespace: string;
  readonly functions: Readonly<Record<FunctionName, IFunction>>;
  readonly tables: Readonly<Record<TableName, ITable>>;
  readonly deadLetterQueues: readonly IQueue[];
  readonly alarms: readonly Alarm[];
}

/** A third of a dashboard's 24 columns. */
const WIDTH = 8;

/** Only these functions settle services, and so have tasks to count. */
const SETTLES_SERVICES = FUNCTION_NAMES.filter(
  (name) => name === 'sweep' || sideOf(FUNCTIONS[name].table).kind === 'service',
);
/** What deletes one of a kind: a network also goes along with a service. */
const DELETES: Readonly<Record<CountedKind, readonly FunctionName[]>> = {
  service: SETTLES_SERVICES,
  network: FUNCTION_NAMES,
};
/** Tables whose traffic grows with what drains; the others' traffic follows. */
const BUSY_TABLES: readonly TableName[] = ['services', 'tasks', 'counters'];

export function createDashboard(scope: Construct, shown: Shown, dashboardName: string | undefined): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', {
    dashboardName,
    defaultInterval: Duration.days(1),
  });
  if (shown.alarms.length > 0) {
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...shown.alarms], width: 3 * WIDTH }));
  }
  dashboard.addWidgets(...marksRow(shown));
  dashboard.addWidgets(...workRow(shown));
  dashboard.addWidgets(...troubleRow(shown));
  dashboard.addWidgets(...costRow(shown));
  return dashboard;
}

function marksRow({ namespace }: Shown): IWidget[] {
  const sweep = (name: MetricName, label: string) =>
    functionMetric(namespace, name, 'sweep', { statistic: Stats.MAXIMUM, label });
  return [
    new SingleValueWidget({
      title: 'Drains in progress, as of the last sweep',
      metrics: [sweep('StillMarked', 'marked'), sweep('OldestMarkSeconds', 'oldest mark, seconds')],
      width: WIDTH,
    }),
    ...COUNTED_KINDS.map((kind) =>
      graph(`Deleted, ${kind}: by what set it going`, each(namespace, ['Deleted', kind], DELETES[kind] ?? []), true),
    ),
  ];
}

function workRow({ namespace }: Shown): IWidget[] {
  const drain = (statistic: string) =>
    functionMetric(namespace, 'DrainSeconds', 'task-deleted', { statistic, label: statistic });
  return [
    graph('Seconds from a mark to its last task’s deletion', [drain('p50'), drain('p99')]),
    graph('Recounts', each(namespace, 'Recounts', SETTLES_SERVICES)),
    graph('Conflicts, tried again', each(namespace, 'Conflicts', FUNCTION_NAMES)),
  ];
}

function troubleRow({ namespace, functions, deadLetterQueues }: Shown): IWidget[] {
  return [
    graph(
      'Age of records, milliseconds',
      STREAM_FUNCTION_NAMES.map((name) => iteratorAge(functions[name], { label: name })),
    ),
    graph('Errors, and records or swept parents that failed', [
      ...FUNCTION_NAMES.map((name) =>
        functions[name].metricErrors({ period: METRIC_PERIOD, label: `${name}: errors` }),
      ),
      ...FUNCTION_NAMES.map((name) => functionMetric(namespace, 'Failures', name, { label: `${name}: failed` })),
    ]),
    graph('Dead letters, and throttled requests', [
      ...deadLetterQueues.map((queue) =>
        queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: METRIC_PERIOD }),
      ),
      ...each(namespace, 'Throttles', SETTLES_SERVICES),
    ]),
  ];
}

function costRow({ functions, tables }: Shown): IWidget[] {
  const busy = BUSY_TABLES.map((name) => ({ name, table: tables[name] }));
  const options = (label: string) => ({ period: METRIC_PERIOD, statistic: Stats.SUM, label });
  return [
    graph(
      'Invocations',
      SETTLES_SERVICES.map((name) => functions[name].metricInvocations(options(name))),
    ),
    graph(
      'Write units',
      busy.map(({ name, table }) => table.metricConsumedWriteCapacityUnits(options(name))),
      true,
    ),
    graph(
      'Read units',
      busy.map(({ name, table }) => table.metricConsumedReadCapacityUnits(options(name))),
      true,
    ),
  ];
}

function each(namespace: string, metric: Measured, names: readonly FunctionName[]): IMetric[] {
  return names.map((name) => functionMetric(namespace, metric, name, { label: name }));
}

function graph(title: string, left: IMetric[], stacked = false): GraphWidget {
  return new GraphWidget({ title, left, stacked, width: WIDTH, leftYAxis: { min: 0 } });
}
