/** Evaluates an alarm of a template as CloudWatch does: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html */

/** As CloudFormation has it, its references resolved. */
export interface AlarmProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: string;
  readonly Period: number;
  /** Instead of all of these: a sum of metrics, each with 0 where it is missing. */
  readonly Metrics?: readonly MetricQuery[];
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: Pick<AlarmProperties, 'Namespace' | 'MetricName' | 'Dimensions'>;
    readonly Period: number;
    readonly Stat: string;
  };
}

export interface Datapoint {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly atEpochMillis: number;
  readonly value: number;
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
};

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

const WHERE_MISSING: Readonly<Record<string, (before: AlarmState) => AlarmState>> = {
  breaching: () => 'ALARM',
  notBreaching: () => 'OK',
  ignore: (before) => before,
};

/** The state after the period that ends now. Throws on what our alarms don't use, so that nothing passes unseen. */
export function evaluate(
  alarm: AlarmProperties,
  datapoints: readonly Datapoint[],
  nowEpochMillis: number,
  before: AlarmState,
): AlarmState {
  if (alarm.EvaluationPeriods !== 1)
    throw new Error(`evaluates ${alarm.EvaluationPeriods} periods, and only 1 is known`);
  const measure = (metric: MetricIdentity, period: number, statistic: string): number | undefined => {
    const values = datapoints
      .filter((point) => isOf(metric, point))
      .filter(({ atEpochMillis }) => atEpochMillis > nowEpochMillis - period * 1000)
      .map(({ value }) => value);
    return values.length === 0 ? undefined : known(STATISTICS, statistic)(values);
  };
  const value =
    alarm.Metrics === undefined
      ? measure(alarm, alarm.Period, alarm.Statistic)
      : sumOf(alarm.Metrics, ({ Metric, Period, Stat }) => measure(Metric, Period, Stat));
  if (value === undefined) return known(WHERE_MISSING, alarm.TreatMissingData)(before);
  return known(COMPARISONS, alarm.ComparisonOperator)(value, alarm.Threshold) ? 'ALARM' : 'OK';
}

type MetricIdentity = Pick<AlarmProperties, 'Namespace' | 'MetricName' | 'Dimensions'>;

function sumOf(
  queries: readonly MetricQuery[],
  measure: (stat: NonNullable<MetricQuery['MetricStat']>) => number | undefined,
): number | undefined {
  const [math, ...others] = queries.filter(({ Expression }) => Expression !== undefined);
  const metrics = queries.filter(({ MetricStat }) => MetricStat !== undefined);
  const wanted = metrics.map(({ Id }) => `FILL(${Id}, 0)`).join(' + ');
  if (math?.Expression !== wanted || others.length > 0) throw new Error(`"${math?.Expression}" is not known here`);
  const values = metrics.map(({ MetricStat }) => MetricStat && measure(MetricStat));
  if (values.every((value) => value === undefined)) return undefined;
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** A metric is its namespace, its name, and exactly its dimensions. */
function isOf({ Namespace, MetricName, Dimensions }: MetricIdentity, point: Datapoint): boolean {
  return (
    Namespace === point.namespace &&
    MetricName === point.metric &&
    Dimensions.length === Object.keys(point.dimensions).length &&
    Dimensions.every(({ Name, Value }) => point.dimensions[Name] === Value)
  );
}

function known<T>(all: Readonly<Record<string, T>>, name: string): T {
  const found = all[name];
  if (found === undefined) throw new Error(`"${name}" is not known here; known: ${Object.keys(all).join(', ')}`);
  return found;
}

/** The metrics that CloudWatch makes of a log line in its embedded metric format; none of any other line. */
export function embeddedMetrics(line: Readonly<Record<string, unknown>>): Datapoint[] {
  const { _aws } = line as { _aws?: { Timestamp: number; CloudWatchMetrics: readonly Directive[] } };
  return (_aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.flatMap(({ Name }) =>
        [line[Name]].flat().map((value) => ({
          namespace: Namespace,
          metric: Name,
          dimensions: Object.fromEntries(names.map((name) => [name, String(line[name])])),
          atEpochMillis: _aws?.Timestamp ?? 0,
          value: Number(value),
        })),
      ),
    ),
  );
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}
