/** Event source mappings: how Lambda reads the streams, and what a reader of a stream must be allowed. */
import { type CfnResource, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import type { StreamFunctionPlan } from '../lifecycle/tables.ts';
import { MAPPING_DEFAULTS } from '../streams/functions.ts';
import { type Range, readWithin } from './ranges.ts';

/** How Lambda reads one table's stream. What is not here is the same for all streams; see `createMapping`. */
export interface MappingOptions {
  /**
   * Records that one invocation gets at most, 1 to 10,000. Records of the same parent in one batch cost one counter
   * write, so a large batch makes a burst cheap. Lambda reads at most 1,000 records at a time from a shard,
   * four times a second: a window of 1 second gathers 4,000. More would save little (docs/bench), and a batch has to end
   * within the function's minute even if each record is the last child of another parent.
   * @default 4000
   */
  readonly batchSize?: number;

  /**
   * How long Lambda gathers records before it invokes, 0 to 300 whole seconds. The window delays the last task, and saves
   * writes for all tasks before it: in a steady stream of deletes, 1 second halves the cost, and each further second saves
   * less (docs/bench).
   * @default - 1 second for what goes in bursts, as tasks and attachments do, and for what is held by value, as networks are, so
   * that a holder that was written raw gets its attachments first; 0 for what only lies over others, as services do, where a user waits
   */
  readonly maxBatchingWindow?: Duration;

  /**
   * Batches of one shard that are processed at the same time, 1 to 10. More than 1 mostly splits a service's burst into
   * several writes to the same counter: 2 cost up to half as much again (docs/bench). Raise it when the iterator age grows
   * although functions aren't throttled.
   * @default 1
   */
  readonly parallelizationFactor?: number;

  /**
   * How often a failing batch is tried again before it goes to the dead-letter queue, 0 to 10,000. Halving a batch does not
   * count as a retry. After the last retry only the sweep looks at the batch's parents, so few retries are enough.
   * @default 5
   */
  readonly retryAttempts?: number;

  /**
   * Age at which an unprocessed record goes to the dead-letter queue, from 1 minute to less than 24 hours, when the stream
   * drops it without a trace. A failing record holds up its shard meanwhile.
   * @default Duration.hours(1)
   */
  readonly maxRecordAge?: Duration;
}

export interface MappingProps {
  /**
   * How the streams are read, by the name of the function that reads each: `{ 'task-deleted': { batchSize: 1000 } }`.
   * @default - as each option says
   */
  readonly mappings?: Readonly<Partial<Record<string, MappingOptions>>>;
}

const RANGES: Readonly<Record<keyof MappingOptions, Range>> = {
  batchSize: { least: 1, most: 10_000 },
  maxBatchingWindow: { least: 0, most: 300 },
  parallelizationFactor: { least: 1, most: 10 },
  retryAttempts: {
    least: 0,
    most: 10_000,
    hint: 'choose a number in that range: endless retries stop a shard until its records expire unseen',
  },
  // A record that the stream drops before Lambda gives it up leaves no trace in any queue.
  maxRecordAge: {
    least: 60,
    most: 24 * 60 * 60 - 1,
    hint: 'choose less than the 24 hours after which the stream itself drops the record',
  },
};

/**
 * The mapping from a table's stream to a function, with every option that Lambda has for DynamoDB written out: its own
 * defaults (no dead-letter queue, retries until the record expires, no partial answers) lose records, or stop a shard for
 * a day.
 */
export function createMapping(
  target: lambda.Function,
  name: string,
  planned: StreamFunctionPlan,
  streamArn: string,
  deadLetterQueue: IQueue,
  props: MappingProps,
): lambda.EventSourceMapping {
  const scope = target.node.scope as Construct;
  const filters = planned.filters.map((pattern) => lambda.FilterCriteria.filter(pattern));
  // Not DynamoEventSource and SqsDlq: both grant to the role what the statements below say, and more.
  return new lambda.EventSourceMapping(scope, 'Mapping', {
    target,
    eventSourceArn: streamArn,
    enabled: true,
    // LATEST can miss records while the mapping is created or updated.
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    ...readOptions(scope, name, planned, props),
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: deadLetterQueue.queueArn }) },
    // Tumbling windows aggregate in memory, restart at a reshard and deliver twice: a counter can't rely on them.
    tumblingWindow: Duration.seconds(0),
    metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    filters: filters.length > 0 ? filters : undefined,
  });
}

/**
 * The functions of the streams, and how these are read, are deployed before the sweep is: else a sweep of a new declaration could learn,
 * and say so, while a function of the former one lets a holder's record go by (docs/design.md §4.4 R61).
 */
export function deployLast(sweep: lambda.IFunction, functions: readonly lambda.IFunction[]): void {
  const resourceOf = (construct: IConstruct | undefined) => construct?.node.defaultChild as CfnResource;
  for (const other of functions.filter((one) => one !== sweep)) {
    const mapping = other.node.scope?.node.findChild('Mapping');
    resourceOf(sweep).node.addDependency(resourceOf(other), resourceOf(mapping));
  }
}

/** Lambda reads the stream with the function's role, and EventBridge Pipes with the pipe's. */
export function readStreamStatements(streamArn: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [streamArn],
    }),
    // It knows no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: ['*'] }),
  ];
}

/** Lambda and Pipes use the same role to put away what they gave up. */
export function sendStatement(deadLetterQueue: IQueue): PolicyStatement {
  return new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetterQueue.queueArn] });
}

function readOptions(
  scope: Construct,
  name: string,
  { batchingWindowSeconds }: StreamFunctionPlan,
  { mappings }: MappingProps,
): Required<MappingOptions> {
  const { maxRecordAgeSeconds, ...defaults } = MAPPING_DEFAULTS;
  const options: Required<MappingOptions> = {
    ...defaults,
    maxBatchingWindow: Duration.seconds(batchingWindowSeconds),
    maxRecordAge: Duration.seconds(maxRecordAgeSeconds),
    ...definedIn(mappings?.[name]),
  };
  for (const option of Object.keys(RANGES) as (keyof MappingOptions)[]) {
    readWithin(scope, `mappings.${name}.${option}`, options[option], RANGES[option]);
  }
  return options;
}

/** A property that is there but undefined means its default, as everywhere in the CDK. */
function definedIn(options: MappingOptions | undefined): MappingOptions {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
}
