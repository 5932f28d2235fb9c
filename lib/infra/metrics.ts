/** The deployment's metrics: its own, which the functions log, and those of AWS that tell of the same things. */
import { Duration, Stack, Token } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type KindMetricName, METRICS, type MetricName } from '../streams/metrics.ts';
import { refuse } from './refusal.ts';

export interface MetricProps {
  /**
   * CloudWatch namespace of the deallocator's own metrics: 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : and space,
   * not starting with `AWS/` or a colon. Deployments that share one add up in it, and ring each other's alarms. CloudWatch
   * charges for about 20 of them, with SwarmKit's kinds, where something drains all the time, in 2026 $0.30 each a month, by the hour.
   * @default - `Deallocator/`, the stack's name, and the construct's path in it; with a hash where that does not fit
   */
  readonly metricsNamespace?: string;
}

/** CloudWatch's rule: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const METRICS_NAMESPACE = /^(?!AWS\/)[\w./#\- ][\w./#\-: ]{0,254}$/;

/** Resolution of graphs and sums, unless a caller asks for another: CloudWatch keeps it for two months. */
export const METRIC_PERIOD = Duration.minutes(5);

export function readNamespace(scope: Construct, chosen: string | undefined): string {
  const namespace = chosen ?? ownNamespace(scope);
  if (Token.isUnresolved(namespace) || METRICS_NAMESPACE.test(namespace)) return namespace;
  refuse(
    scope,
    `metricsNamespace is "${namespace}", and must be 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : ` +
      'and space, not starting with "AWS/" or a colon; choose a name such as "Deallocator"',
  );
}

const NAMESPACE_CHARACTERS_MAX = 255;
/** Of the 40 digits of a construct's address. Two paths of one stack have the same 12 with a chance of 1 to 10^14. */
const HASH_DIGITS = 12;

/**
 * Each deployment has its own: two that shared one would add up in it, and ring each other's alarms. A path alone is not
 * enough, for an app may be deployed twice with another `stackName`; nor is a path that was cut, or had characters replaced.
 */
function ownNamespace(scope: Construct): string {
  let stack = Stack.of(scope);
  // A nested stack's name is known to CloudFormation only.
  while (stack.nestedStackParent !== undefined) stack = stack.nestedStackParent;
  const path = scope.node.path.slice(stack.node.path.length).replace(/^\//, '');
  const whole = `Deallocator/${stack.stackName}/${path}`;
  const readable = whole.replaceAll(/[^\w./#:-]/g, '-');
  if (readable === whole && whole.length <= NAMESPACE_CHARACTERS_MAX) return whole;
  const hash = scope.node.addr.slice(-HASH_DIGITS);
  return `${readable.slice(0, NAMESPACE_CHARACTERS_MAX - HASH_DIGITS - 1)}-${hash}`;
}

/** A metric, or one of a kind's. */
export type Measured = MetricName | readonly [KindMetricName, kind: string];

/** What one function logs. Seconds are averaged, everything else is summed. */
export function functionMetric(
  namespace: string,
  measured: Measured,
  name: string,
  options: MetricOptions = {},
): Metric {
  const [metricName, kind] = typeof measured === 'string' ? [measured] : measured;
  return new Metric({
    namespace,
    metricName,
    dimensionsMap: { function: name, ...(kind !== undefined && { kind }) },
    statistic: metricName in METRICS && METRICS[metricName as MetricName] === 'Seconds' ? Stats.AVERAGE : Stats.SUM,
    period: METRIC_PERIOD,
    ...options,
  });
}

/** The same, summed over all functions. */
export function summedMetric(
  namespace: string,
  measured: Measured,
  functionNames: readonly string[],
  options: MetricOptions = {},
): IMetric {
  const { period = METRIC_PERIOD, label = [measured].flat().join(', '), color } = options;
  const usingMetrics = functionNames.map((name): [string, IMetric] => [
    name.replaceAll('-', '_'),
    functionMetric(namespace, measured, name, { ...options, period, label: name }),
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
