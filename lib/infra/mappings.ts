import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import { type Rules, TERMINAL_TASK_STATES } from '../protocol/rules.ts';
import type { FunctionName } from './functions.ts';
import type { DeallocatorProps, MappingOptions } from './props.ts';
import { refuseDurationOutside, refuseOutside } from './ranges.ts';

interface StreamSetup {
  readonly table: TableName;
  readonly options: keyof DeallocatorProps & `${string}Mapping`;
  readonly maxBatchingWindow: Duration;
  /** Patterns, ORed. What they leave out is not charged for. */
  readonly filters: readonly Record<string, unknown>[];
}

export type StreamFunctionName = Exclude<FunctionName, 'sweep'>;

const { filter } = lambda.FilterCriteria;
const isTrue = { BOOL: lambda.FilterRule.isEqual(true) };
const removals = filter({ eventName: lambda.FilterRule.isEqual('REMOVE') });
/** A task that ends or has ended: which of the two, the function sees. */
const endings = filter({
  eventName: lambda.FilterRule.isEqual('MODIFY'),
  dynamodb: { NewImage: { status: { M: { state: { S: lambda.FilterRule.or(...TERMINAL_TASK_STATES) } } } } },
});

/** Which stream wakes which function, and with which records. */
export const STREAMS: Record<StreamFunctionName, StreamSetup> = {
  'task-deleted': {
    table: 'tasks',
    options: 'taskMapping',
    maxBatchingWindow: Duration.seconds(1),
    filters: [removals],
  },
  'attachment-deleted': {
    table: 'attachments',
    options: 'attachmentMapping',
    maxBatchingWindow: Duration.seconds(1),
    filters: [removals],
  },
  /**
   * No filter. A write concerns us when the mark or the networks changed, and a pattern can't compare the old image with
   * the new one; nor can it leave out the unmarked, because anybody's raw write may need its attachments healed. The
   * function compares, before it asks the database for anything.
   */
  'service-updated': {
    table: 'services',
    options: 'serviceMapping',
    maxBatchingWindow: Duration.seconds(0),
    filters: [],
  },
  /**
   * Marked now, or marked before: an undelete must close its counter. Two patterns, as `$or` below one key is fragile.
   * The window is a head start for `service-updated`: a service that raw hands wrote right before they marked its network
   * gets its attachments meanwhile. With the typed client it isn't needed, and nobody waits for a network's last second.
   */
  'network-updated': {
    table: 'networks',
    options: 'networkMapping',
    maxBatchingWindow: Duration.seconds(1),
    filters: [
      filter({ dynamodb: { NewImage: { pendingDelete: isTrue } } }),
      filter({ dynamodb: { OldImage: { pendingDelete: isTrue } } }),
      // No marks, but meant as such: the function says so.
      filter({ dynamodb: { NewImage: { pendingDelete: { S: lambda.FilterRule.exists() } } } }),
      filter({ dynamodb: { NewImage: { pendingDelete: { N: lambda.FilterRule.exists() } } } }),
    ],
  },
};

/**
 * Patterns under the given rules, ORed; none lets every record through. A task that holds networks concerns us when it comes,
 * changes them or goes, and no pattern can compare its images.
 */
export function filtersOf(name: StreamFunctionName, { taskIsGone, taskNetworks }: Rules) {
  const { filters } = STREAMS[name];
  if (name === 'task-deleted' && taskNetworks) return [];
  return name === 'task-deleted' && taskIsGone === 'terminal' ? [...filters, endings] : [...filters];
}

/** Records of a batch, unless the deployment says otherwise; the property tells why. */
export const BATCH_RECORDS_DEFAULT = 4000;

/** The stream keeps a record for 24 hours. One that is dropped by then without us leaves no trace in any queue. */
const RECORD_AGE_MAX_SECONDS = 24 * 60 * 60 - 1;

/**
 * The mapping from a table's stream to a function, with every option that Lambda has for DynamoDB written out: its own
 * defaults (no dead-letter queue, retries until the record expires, no partial answers) lose records, or stop a shard for
 * a day.
 */
export function createMapping(
  target: lambda.Function,
  name: StreamFunctionName,
  streamArn: string,
  deadLetterQueue: IQueue,
  props: DeallocatorProps,
  rules: Rules,
): lambda.EventSourceMapping {
  const scope = target.node.scope as Construct;
  const { options: property, maxBatchingWindow } = STREAMS[name];
  const filters = filtersOf(name, rules);
  const options: Required<MappingOptions> = {
    batchSize: BATCH_RECORDS_DEFAULT,
    maxBatchingWindow,
    parallelizationFactor: 1,
    retryAttempts: 5,
    maxRecordAge: Duration.hours(1),
    ...definedIn(props[property]),
  };
  refuseOptions(scope, property, options);
  // Not DynamoEventSource and SqsDlq: both grant to the role what `streamStatements` already says, and more.
  return new lambda.EventSourceMapping(scope, 'Mapping', {
    target,
    eventSourceArn: streamArn,
    enabled: true,
    // LATEST can miss records while the mapping is created or updated.
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    batchSize: options.batchSize,
    maxBatchingWindow: options.maxBatchingWindow,
    parallelizationFactor: options.parallelizationFactor,
    retryAttempts: options.retryAttempts,
    maxRecordAge: options.maxRecordAge,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: deadLetterQueue.queueArn }) },
    // Tumbling windows aggregate in memory, restart at a reshard and deliver twice: nothing to count with.
    tumblingWindow: Duration.seconds(0),
    metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    ...(filters.length > 0 && { filters }),
  });
}

/** What Lambda does with the function's role to read the stream, and to put away what it gave up. */
export function streamStatements(tableArn: string, streamArn: string, deadLetterQueue: IQueue): PolicyStatement[] {
  return [...streamReadStatements(tableArn, streamArn), sendStatement(deadLetterQueue)];
}

export function streamReadStatements(tableArn: string, streamArn: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [streamArn],
    }),
    // Which streams there are is asked of all of the table's streams, past ones included.
    new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: [`${tableArn}/stream/*`] }),
  ];
}

export function sendStatement(deadLetterQueue: IQueue): PolicyStatement {
  return new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetterQueue.queueArn] });
}

function refuseOptions(scope: Construct, property: string, options: Required<MappingOptions>): void {
  refuseOutside(scope, `${property}.batchSize`, options.batchSize, { least: 1, most: 10_000 });
  refuseDurationOutside(scope, `${property}.maxBatchingWindow`, options.maxBatchingWindow, { least: 0, most: 300 });
  refuseOutside(scope, `${property}.parallelizationFactor`, options.parallelizationFactor, { least: 1, most: 10 });
  refuseOutside(scope, `${property}.retryAttempts`, options.retryAttempts, {
    least: 0,
    most: 10_000,
    hint: 'choose a number in that range: endless retries stop a shard until its records expire unseen',
  });
  refuseDurationOutside(scope, `${property}.maxRecordAge`, options.maxRecordAge, {
    least: 60,
    most: RECORD_AGE_MAX_SECONDS,
    hint: 'choose less than the 24 hours after which the stream itself drops the record',
  });
}

/** A property that is there but undefined means its default, as everywhere in the CDK. */
function definedIn(options: MappingOptions | undefined): MappingOptions {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
}
