import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, type Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { KIND_METRICS, METRICS } from '../../lib/streams/metrics.ts';
import { type AlarmProperties, evaluate } from '../drills/alarm.ts';
import { createWorld, functionNames, root } from './world.ts';

const world = createWorld();

type Properties = Record<string, unknown> & {
  readonly AlarmDescription: string;
  readonly MetricName: string;
  readonly Dimensions: { readonly Name: string; readonly Value: unknown }[];
};

const alarmsOf = (from: typeof world): Properties[] =>
  Object.values(from.template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
const named = (from: typeof world, metric: string) => alarmsOf(from).filter(({ MetricName }) => MetricName === metric);

/** What each alarm watches: the metric and the value of its one dimension. */
const watched = (from: typeof world) =>
  alarmsOf(from)
    .map(({ MetricName, Dimensions }) => {
      const [{ Value } = { Value: undefined }] = Dimensions;
      const found = functionNames.find(
        (name) =>
          JSON.stringify(from.stack.resolve(from.deallocator.functions[name].functionName)) === JSON.stringify(Value),
      );
      return `${MetricName} ${typeof Value === 'string' ? Value : (found ?? 'queue')}`;
    })
    .sort();

describe('alarms', () => {
  test('are fifteen, each on one metric', () => {
    expect(watched(world)).toEqual([
      'ApproximateNumberOfMessagesVisible queue',
      'Errors attachment-deleted',
      'Errors network-updated',
      'Errors service-updated',
      'Errors task-deleted',
      'Failures sweep',
      'IteratorAge attachment-deleted',
      'IteratorAge network-updated',
      'IteratorAge service-updated',
      'IteratorAge task-deleted',
      'MalformedMarks network-updated',
      'MalformedMarks service-updated',
      'OldestMarkSeconds sweep',
      'SweepsFinished sweep',
      'SweptUp sweep',
    ]);
    for (const alarm of alarmsOf(world)) expect(alarm).toMatchObject({ EvaluationPeriods: 1 });
  });

  test('say what is wrong, and point at a section that the runbook has', () => {
    const runbook = readFileSync(join(root, 'docs', 'runbook.md'), 'utf8');
    const anchors = [...runbook.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const everything = createWorld({
      compositeAlarm: true,
      alarms: {
        throttledFunctions: 1,
        nearTimeout: 80,
        throttledTables: 1,
        systemErrors: 1,
        consumedWriteUnits: 1,
        consumedReadUnits: 1,
      },
    });
    const composites = everything.template.findResources('AWS::CloudWatch::CompositeAlarm');
    const above = Object.values(composites).map(({ Properties }) => Properties as Properties);
    for (const { AlarmDescription } of [...alarmsOf(everything), ...above]) {
      const [, page = '', anchor] = /^Deallocator: .+\. What to do: (\S+)#(\S+)$/.exec(AlarmDescription) ?? [];
      // A page that anybody can open, with a file of this repository behind it.
      const file = page.split(`${homepage.split('#')[0]}/blob/main/`)[1] ?? 'none';
      expect(existsSync(join(root, file)), AlarmDescription).toBe(true);
      expect(anchors).toContain(anchor);
    }
  });

  test('ring on the metrics of their own deployment, and point where they are told to', () => {
    const chosen = createWorld({ metricsNamespace: 'Shop', runbookUrl: 'https://wiki.example/deallocator' });
    for (const alarm of alarmsOf(chosen).filter(({ Namespace }) => !String(Namespace).startsWith('AWS/'))) {
      expect(alarm.Namespace).toBe('Shop');
    }
    for (const { AlarmDescription } of alarmsOf(chosen)) {
      expect(AlarmDescription).toContain('https://wiki.example/deallocator#');
    }
  });

  test('take other thresholds, and each can be left out', () => {
    const chosen = createWorld({
      alarms: {
        deadLetters: 5,
        iteratorAge: Duration.hours(2),
        errors: 7,
        sweepFailures: 9,
        sweepMissing: Duration.hours(3),
        oldestMark: Duration.days(3),
        sweptUp: 100,
        malformedMarks: 2,
      },
    });
    const thresholds = new Map(alarmsOf(chosen).map(({ MetricName, Threshold }) => [MetricName, Threshold]));
    expect(Object.fromEntries(thresholds)).toEqual({
      ApproximateNumberOfMessagesVisible: 5,
      IteratorAge: 7_200_000,
      Errors: 7,
      Failures: 9,
      SweepsFinished: 1,
      OldestMarkSeconds: 259_200,
      SweptUp: 100,
      MalformedMarks: 2,
    });
    expect(named(chosen, 'SweepsFinished')).toMatchObject([{ Period: 10_800, TreatMissingData: 'breaching' }]);

    const off = { sweepFailures: false, sweepMissing: false, sweptUp: false } as const;
    const none = createWorld({
      alarms: {
        ...off,
        deadLetters: false,
        iteratorAge: false,
        errors: false,
        oldestMark: false,
        malformedMarks: false,
      },
    });
    expect(alarmsOf(none)).toEqual([]);
    expect(createWorld({ alarms: false }).deallocator.alarms).toEqual([]);
  });

  test('allow for a grace period', () => {
    const patient = createWorld({ gracePeriod: Duration.days(2) });
    expect(named(patient, 'OldestMarkSeconds')).toMatchObject([{ Threshold: 3 * 24 * 60 * 60 }]);
    expect(named(patient, 'SweptUp')).toEqual([]);
  });

  test('do what they are told when they ring', () => {
    const topics = new Stack();
    const chosen = createWorld({
      alarmAction: new SnsAction(Topic.fromTopicArn(topics, 'T', 'arn:aws:sns:us-east-1:111122223333:ops')),
    });
    expect(alarmsOf(chosen)).toHaveLength(15);
    for (const alarm of alarmsOf(chosen))
      expect(alarm.AlarmActions).toEqual(['arn:aws:sns:us-east-1:111122223333:ops']);
    for (const alarm of alarmsOf(world)) expect(alarm).not.toHaveProperty('AlarmActions');
  });
});

/** Lambda, DynamoDB and CloudWatch send these, and the local cloud does not: so the drill gives the numbers. */
describe('alarms that are chosen', () => {
  const options = {
    throttledFunctions: 2,
    nearTimeout: 80,
    throttledTables: 10,
    systemErrors: 3,
    consumedWriteUnits: 1_000_000,
    consumedReadUnits: 2_000_000,
  };
  const chosen = createWorld({ alarms: options, compositeAlarm: true, resourcePrefix: 'shop' });
  const plain = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const all = Object.values(chosen.template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) =>
    JSON.parse(JSON.stringify(Properties), (key, value) => (key === 'Value' ? plain(value) : value)),
  ) as (AlarmProperties & { AlarmName: string })[];
  const NOW_EPOCH_MILLIS = 1_000_000_000;
  const named = (name: string) => all.find(({ AlarmName }) => AlarmName === `shop-${name}`) as AlarmProperties;
  /** Its own metric, or the first that it sums. */
  const metricsOf = ({ Metrics, ...alarm }: AlarmProperties) =>
    Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? [alarm];
  const stateAt = (name: string, values: readonly number[]) => {
    const points = metricsOf(named(name))
      .slice(0, values.length)
      .map(({ Namespace, MetricName, Dimensions }, n) => ({
        namespace: Namespace,
        metric: MetricName,
        dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
        atEpochMillis: NOW_EPOCH_MILLIS - 1000,
        value: values[n] ?? 0,
      }));
    return evaluate(named(name), points, NOW_EPOCH_MILLIS, 'OK');
  };

  test.each([
    ['ThrottledTaskDeleted', [1], [2]],
    ['ThrottledSweep', [1], [2]],
    ['NearTimeoutTaskDeleted', [47_999], [48_000]],
    ['NearTimeoutSweep', [719_999], [720_000]],
    ['ThrottledTasks', [4, 5], [4, 6]],
    ['ThrottledReceipts', [9], [10]],
    ['SystemErrors', [1, 0, 0, 1], [1, 0, 1, 0, 1]],
    ['ConsumedWriteUnits', [500_000, 499_999], [500_000, 0, 500_000]],
    ['ConsumedReadUnits', [1_999_999], [1_999_999, 0, 0, 0, 0, 1]],
  ])('%s rings at its threshold, and not below it or without a number', (name, below, at) => {
    expect(stateAt(name, [])).toBe('OK');
    expect(stateAt(name, below)).toBe('OK');
    expect(stateAt(name, at)).toBe('ALARM');
  });

  test('are 19 more than there are by default, each on at most the 10 metrics that an alarm can have', () => {
    expect(all).toHaveLength(alarmsOf(world).length + 5 + 5 + 6 + 1 + 2);
    for (const alarm of all) expect(metricsOf(alarm).length).toBeLessThanOrEqual(10);
    for (const Operation of ['UpdateItem', 'Query', 'TransactWriteItems']) {
      expect(JSON.stringify(named('SystemErrors'))).toContain(`"Name":"Operation","Value":"${Operation}"`);
    }
  });

  test('have one above them, which rings with any', () => {
    const [composite] = Object.values(chosen.template.findResources('AWS::CloudWatch::CompositeAlarm'));
    expect(composite?.Properties).toMatchObject({ AlarmName: 'shop-Any' });
    const rule = JSON.stringify(composite?.Properties.AlarmRule);
    for (const id of Object.keys(chosen.template.findResources('AWS::CloudWatch::Alarm'))) expect(rule).toContain(id);
    expect(rule.match(/ OR /g)).toHaveLength(all.length - 1);
    world.template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    createWorld({ alarms: false, compositeAlarm: true }).template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
  });
});

test('each alarm has a severity, and the action of its option, its severity, or all, in this order', () => {
  const action = (name: string) =>
    new SnsAction(Topic.fromTopicArn(new Stack(), 'T', `arn:aws:sns:us-east-1:1:${name}`));
  const from = createWorld({
    compositeAlarm: true,
    alarmAction: action('all'),
    alarmActions: { urgent: action('urgent'), oldestMark: action('drains'), composite: action('board') },
  });
  const told = (metric: string) =>
    named(from, metric).map(({ AlarmDescription, AlarmActions }) => [
      /Severity: (\w+)\./.exec(AlarmDescription)?.[1],
      String(AlarmActions).split(':').at(-1),
    ]);
  expect(told('SweepsFinished')).toEqual([['urgent', 'urgent']]);
  expect(told('SweptUp')).toEqual([['urgent', 'urgent']]);
  expect(told('IteratorAge')[0]).toEqual(['urgent', 'urgent']);
  expect(told('OldestMarkSeconds')).toEqual([['notice', 'drains']]);
  expect(told('ApproximateNumberOfMessagesVisible')).toEqual([['notice', 'all']]);
  from.template.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', {
    AlarmActions: ['arn:aws:sns:us-east-1:1:board'],
  });
});

describe('the dashboard', () => {
  const bodyOf = (from: typeof world): { widgets: { properties: { metrics?: unknown[][]; title: string } }[] } => {
    const { DashboardBody } = from.propertiesOf(from.deallocator.dashboard as Dashboard);
    const [, parts] = (DashboardBody as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
    return JSON.parse(
      parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replaceAll('"', "'"))).join(''),
    );
  };

  test('shows what waits, what went, what is wrong and what it costs', () => {
    expect(bodyOf(world).widgets.map(({ properties }) => properties.title)).toEqual([
      'Alarms',
      'Drains in progress, as of the last sweep',
      'Deleted, service: by what set it going',
      'Deleted, network: by what set it going',
      'Seconds from a mark to its last task’s deletion',
      'Recounts',
      'Conflicts, tried again',
      'Age of records, milliseconds',
      'Errors, and records or swept parents that failed',
      'Dead letters, and throttled requests',
      'Invocations',
      'Write units',
      'Read units',
    ]);
  });

  test('has no more metrics than a free one may, and its own ones are logged by name', () => {
    const shown = new Set<string>();
    for (const { properties } of bodyOf(world).widgets) {
      for (const [namespace, metric, ...dimensions] of properties.metrics ?? []) {
        if (!String(namespace).startsWith('AWS/'))
          expect(Object.keys({ ...METRICS, ...KIND_METRICS })).toContain(metric);
        shown.add(JSON.stringify([namespace, metric, dimensions.filter((one) => typeof one === 'string')]));
      }
    }
    expect(shown.size).toBeGreaterThan(30);
    expect(shown.size).toBeLessThanOrEqual(50);
  });

  test('can be left out, and does without alarms', () => {
    createWorld({ dashboard: false }).template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    expect(bodyOf(createWorld({ alarms: false })).widgets).toHaveLength(12);
  });
});

test('each metric can be had for an alarm of one’s own', () => {
  const fresh = createWorld({ alarms: false, dashboard: false });
  const { deallocator, stack } = fresh;
  const options = { period: Duration.hours(1) };
  const metrics = {
    services: deallocator.metricDeleted('service', options),
    networks: deallocator.metricDeleted('network', options),
    recounts: deallocator.metricRecounts(options),
    conflicts: deallocator.metricConflicts(options),
    throttles: deallocator.metricThrottles(options),
    failures: deallocator.metricFailures(options),
    marked: deallocator.metricStillMarked(options),
    oldest: deallocator.metricOldestMark(options),
    age: deallocator.metricIteratorAge('task-deleted', options),
    letters: deallocator.metricDeadLetters(options),
    held: deallocator.metric('Held', 'sweep', options),
  };
  for (const [id, metric] of Object.entries(metrics)) {
    new Alarm(stack, id, { metric, threshold: 1, evaluationPeriods: 1 });
  }
  const summed = alarmsOf(fresh).filter(({ Metrics }) => Metrics !== undefined);
  expect(summed).toHaveLength(6);
  for (const { Metrics } of summed) {
    const queries = Metrics as { Expression?: string; MetricStat?: { Metric: Properties; Period: number } }[];
    expect(queries.filter(({ Expression }) => Expression === 'SUM(METRICS())')).toHaveLength(1);
    const stats = queries.flatMap(({ MetricStat }) => MetricStat ?? []);
    expect(stats.map(({ Metric }) => Metric.Dimensions[0]?.Value).sort()).toEqual([...functionNames].sort());
    for (const { Metric, Period } of stats) {
      expect([Metric.Namespace, Period]).toEqual(['Deallocator/World/Deallocator', 3600]);
      expect(Object.keys({ ...METRICS, ...KIND_METRICS })).toContain(Metric.MetricName);
    }
  }
  const deleted = summed.map(({ Metrics }) =>
    (Metrics as { MetricStat?: { Metric: Properties } }[]).flatMap(({ MetricStat }) => MetricStat?.Metric ?? []),
  );
  expect(
    deleted.flat().flatMap(({ MetricName, Dimensions }) => (MetricName === 'Deleted' ? Dimensions[1]?.Value : [])),
  ).toEqual([...Array(5).fill('service'), ...Array(5).fill('network')]);
  expect(named(fresh, 'OldestMarkSeconds')).toMatchObject([{ Statistic: 'Maximum', Period: 3600 }]);
  expect(named(fresh, 'Held')).toMatchObject([{ Statistic: 'Sum', Period: 3600 }]);
});
