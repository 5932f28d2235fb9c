/** The deployment's metrics: its own, which the functions log, and those of AWS that tell of the same things. */
import { Duration, Token } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { FUNCTION_NAMES, type FunctionName } from '../streams/functions.ts';
import { METRICS, type MetricName } from '../streams/metrics.ts';

export interface MetricProps {
  /**
   * CloudWatch namespace of the deallocator's own metrics: 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : and space,
   * not starting with `AWS/` or a colon. Deployments that share one add up in it, and ring each other's alarms. CloudWatch
   * charges for about 20 of them where something drains all the time, in 2026 $0.30 each a month, by the hour.
   * @default - `Deallocator/` and the construct's path
   */
  readonly metricsNamespace?: string;
}

/** CloudWatch's rule: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const METRICS_NAMESPACE = /^(?!AWS\/)[\w./#\- ][\w./#\-: ]{0,254}$/;

/** Resolution of graphs and sums, unless a caller asks for another: CloudWatch keeps it for two months. */
export const METRIC_PERIOD = Duration.minutes(5);

/** Each deployment has its own by default: two that shared one would add up in it, and ring each other's alarms. */
export function readNamespace(scope: Construct, chosen: string | undefined): string {
  const namespace = chosen ?? `Deallocator/${scope.node.path.replaceAll(/[^\w./#:-]/g, '-')}`.slice(0, 255);
  if (Token.isUnresolved(namespace) || METRICS_NAMESPACE.test(namespace)) return namespace;
  throw new Error(
    `${scope.node.path}: metricsNamespace is "${namespace}", and must be 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : ` +
      'and space, not starting with "AWS/" or a colon; choose a name such as "Deallocator"',
  );
}

/** What one function logs. Seconds are averaged, everything else is summed. */
export function functionMetric(
  namespace: string,
  metricName: MetricName,
  name: FunctionName,
  options: MetricOptions = {},
): Metric {
  return new Metric({
    namespace,
    metricName,
    dimensionsMap: { function: name },
    statistic: METRICS[metricName] === 'Seconds' ? Stats.AVERAGE : Stats.SUM,
    period: METRIC_PERIOD,
    ...options,
  });
}

/** The same, summed over all functions. */
export function summedMetric(namespace: string, metricName: MetricName, options: MetricOptions = {}): IMetric {
  const { period = METRIC_PERIOD, label = metricName, color } = options;
  const usingMetrics = FUNCTION_NAMES.map((name): [string, IMetric] => [
    name.replaceAll('-', '_'),
    functionMetric(namespace, metricName, name, { ...options, period, label: name }),
  ]);
  return new MathExpression({
    expression: 'SUM(METRICS())',
    usingMetrics: Object.fromEntries(usingMetrics),
    period,
    label,
    color,
  });
}

/** Age of a record when the function gets it, in milliseconds: the stream forgets a record after 24 hours. */
export function iteratorAge(target: IFunction, options: MetricOptions = {}): Metric {
  return target.metric('IteratorAge', { statistic: Stats.MAXIMUM, period: METRIC_PERIOD, ...options });
}
