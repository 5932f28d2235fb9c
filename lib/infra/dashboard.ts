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
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan, WholePlan } from '../lifecycle/plan.ts';
import { functionNamesOf } from '../streams/functions.ts';
import type { MetricName } from '../streams/metrics.ts';
import { functionMetric, iteratorAge, METRIC_PERIOD, type Measured } from './metrics.ts';

export interface DashboardProps {
  /**
   * Whether there is a dashboard. In 2026 CloudWatch charges $3 a month for it, unless it is one of the account's first
   * three: with SwarmKit's kinds it has less than their 50 metrics.
   * @default true
   */
  readonly dashboard?: boolean;
}

export interface Shown {
  readonly namespace: string;
  readonly plan: WholePlan;
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly tables: Readonly<Record<string, ITable>>;
  readonly deadLetterQueues: readonly IQueue[];
  readonly alarms: readonly Alarm[];
}

/** A third of a dashboard's 24 columns. */
const WIDTH = 8;

/** The functions that may delete one of the kind: what goes along with a holder goes by its functions too. */
function deletersOf(plan: WholePlan, kind: string): readonly string[] {
  const { table } = plan.kinds[kind] as KindPlan;
  return functionNamesOf(plan).filter((name) => plan.permissions[name]?.[table]?.includes('DeleteItem'));
}

/** What most of the work is for: the kinds with children under their key, as services are; where there are none, all that is guarded. */
function busyKinds({ kinds, sweep }: Plan): readonly string[] {
  const withChildren = sweep.filter((kind) => kinds[kind]?.countedBy.some(({ by }) => by === 'key'));
  return withChildren.length > 0 ? withChildren : sweep;
}

/** The functions that settle these. */
function busyFunctions(plan: WholePlan): readonly string[] {
  const busy = new Set(busyKinds(plan).flatMap((kind) => deletersOf(plan, kind)));
  return functionNamesOf(plan).filter((name) => busy.has(name));
}

/** Tables whose traffic grows with what drains; the others' traffic follows. */
function busyTables(plan: Plan): readonly string[] {
  const tables = busyKinds(plan).flatMap((kind) => {
    const { table, countedBy } = plan.kinds[kind] as KindPlan;
    const byKey = countedBy.flatMap((count) => (count.by === 'key' ? [count.table] : []));
    return [table, ...(byKey.length > 0 ? byKey : ['attachments'])];
  });
  return [...new Set([...tables, 'counters'])];
}

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

function marksRow({ namespace, plan }: Shown): IWidget[] {
  const sweep = (name: MetricName, label: string) =>
    functionMetric(namespace, name, 'sweep', { statistic: Stats.MAXIMUM, label });
  return [
    new SingleValueWidget({
      title: 'Drains in progress, as of the last sweep',
      metrics: [sweep('StillMarked', 'marked'), sweep('OldestMarkSeconds', 'oldest mark, seconds')],
      width: WIDTH,
    }),
    ...plan.sweep.map((kind) =>
      graph(`Deleted, ${kind}: by what set it going`, each(namespace, ['Deleted', kind], deletersOf(plan, kind)), true),
    ),
  ];
}

function workRow({ namespace, plan }: Shown): IWidget[] {
  // What the last child sets going ends a drain: where children lie under a key, their own function; else that of the attachments.
  const last = Object.entries(plan.functions).filter(([, { kinds }]) =>
    kinds.some((kind) => (plan.kinds[kind]?.under ?? []).length > 0),
  );
  const names = last.length > 0 ? last.map(([name]) => name) : ['attachment-deleted'];
  const [child, ...others] = last.flatMap(([, { kinds }]) => kinds);
  const what = child === undefined || others.length > 0 ? 'child' : plan.kinds[child]?.words.singular;
  const drains = names.flatMap((name) =>
    ['p50', 'p99'].map((statistic) => {
      const label = names.length === 1 ? statistic : `${name}: ${statistic}`;
      return functionMetric(namespace, 'DrainSeconds', name, { statistic, label });
    }),
  );
  return [
    graph(`Seconds from a mark to its last ${what}’s deletion`, drains),
    graph('Recounts', each(namespace, 'Recounts', busyFunctions(plan))),
    graph('Conflicts, tried again', each(namespace, 'Conflicts', functionNamesOf(plan))),
  ];
}

function troubleRow({ namespace, plan, functions, deadLetterQueues }: Shown): IWidget[] {
  const names = Object.keys(plan.functions);
  return [
    graph(
      'Age of records, milliseconds',
      names.map((name) => iteratorAge(functions[name] as IFunction, { label: name })),
    ),
    graph('Errors, and records or swept parents that failed', [
      ...Object.entries(functions).map(([name, one]) =>
        one.metricErrors({ period: METRIC_PERIOD, label: `${name}: errors` }),
      ),
      ...functionNamesOf(plan).map((name) => functionMetric(namespace, 'Failures', name, { label: `${name}: failed` })),
    ]),
    graph('Dead letters, and throttled requests', [
      ...deadLetterQueues.map((queue) =>
        queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: METRIC_PERIOD }),
      ),
      ...each(namespace, 'Throttles', busyFunctions(plan)),
    ]),
  ];
}

function costRow({ plan, functions, tables }: Shown): IWidget[] {
  const busy = busyTables(plan).map((name) => ({ name, table: tables[name] as ITable }));
  const options = (label: string) => ({ period: METRIC_PERIOD, statistic: Stats.SUM, label });
  return [
    graph(
      'Invocations',
      busyFunctions(plan).map((name) => (functions[name] as IFunction).metricInvocations(options(name))),
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

function each(namespace: string, metric: Measured, names: readonly string[]): IMetric[] {
  return names.map((name) => functionMetric(namespace, metric, name, { label: name }));
}

function graph(title: string, left: IMetric[], stacked = false): GraphWidget {
  return new GraphWidget({ title, left, stacked, width: WIDTH, leftYAxis: { min: 0 } });
}
