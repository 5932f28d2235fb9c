/**
 * `ServiceDeleted` and `NetworkDeleted` on an event bus: docs/events.md. From the receipts' stream, and not sent by the
 * functions: a receipt is written by the deleting transaction itself, so there is an event for each deletion and none for
 * anything else, and a function that dies right after its transaction has told all the same.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeLastQueue, acknowledgeStreams } from './acknowledged.ts';
import { sendStatement, streamReadStatements } from './mappings.ts';

/** Construct ids and detail types, which listeners know: not to be renamed. */
export const EVENTS = [
  { detailType: 'ServiceDeleted', idPrefix: 'service#' },
  { detailType: 'NetworkDeleted', idPrefix: 'network#' },
] as const;

export const EVENT_SOURCE = 'deallocator';

/** Events in one PutEvents. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html */
const BATCH_EVENTS_MAX = 10;
/** A bus that refuses is tried again for half of the stream's day, and its other half is left to whoever looks. */
const RECORD_AGE_MAX = Duration.hours(12);
const RETRIES = 100;

/**
 * The whole image, untouched: whatever stands in an id, there is no quote to escape, and no attribute that may be missing.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
 */
const INPUT_TEMPLATE = '{"version":1,"receipt":<$.dynamodb.NewImage>}';

export interface EventsSetup {
  readonly receipts: ITable;
  readonly eventBus: IEventBus;
  /** What a reader of the stream must be allowed besides. */
  readonly statements: readonly PolicyStatement[];
  readonly queueName: string | undefined;
}

/** @returns the queue of what was given up */
export function createEvents(scope: Construct, setup: EventsSetup): Queue {
  const { receipts, eventBus, statements, queueName } = setup;
  const source = receipts.tableStreamArn;
  if (source === undefined) {
    throw new Error(
      `${receipts.node.path}: no stream, which eventBus needs; give the table one of view type NEW_IMAGE, or leave eventBus out`,
    );
  }
  const parent = new Construct(scope, 'Events');
  const deadLetters = new Queue(parent, 'DeadLetters', {
    ...(queueName !== undefined && { queueName }),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14), // SQS's longest
    removalPolicy: RemovalPolicy.DESTROY, // the receipts themselves stay in their table
  });
  const role = new Role(parent, 'Role', {
    // Not for anybody else's pipe: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    assumedBy: new ServicePrincipal('pipes.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    inlinePolicies: {
      Deallocator: new PolicyDocument({
        statements: [
          ...streamReadStatements(receipts.tableArn, source),
          ...statements,
          new PolicyStatement({ actions: ['events:PutEvents'], resources: [eventBus.eventBusArn] }),
          sendStatement(deadLetters),
        ],
      }),
    },
  });
  acknowledgeLastQueue(deadLetters);
  acknowledgeStreams(role, receipts);
  // One for each type, as a pipe's events all have the same. Two are what a stream can bear.
  for (const { detailType, idPrefix } of EVENTS) {
    new CfnPipe(parent, detailType, {
      description: `Deallocator: ${detailType} from receipts`,
      roleArn: role.roleArn,
      source,
      sourceParameters: {
        dynamoDbStreamParameters: {
          // LATEST can miss records while the pipe is created or updated.
          startingPosition: 'TRIM_HORIZON',
          batchSize: BATCH_EVENTS_MAX,
          maximumBatchingWindowInSeconds: 0,
          parallelizationFactor: 1,
          maximumRecordAgeInSeconds: RECORD_AGE_MAX.toSeconds(),
          maximumRetryAttempts: RETRIES,
          onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
          deadLetterConfig: { arn: deadLetters.queueArn },
        },
        filterCriteria: {
          // Nobody changes a receipt, and DynamoDB's removal of an old one is no news.
          filters: [
            {
              pattern: JSON.stringify({
                eventName: ['INSERT'],
                dynamodb: { NewImage: { id: { S: [{ prefix: idPrefix }] } } },
              }),
            },
          ],
        },
      },
      target: eventBus.eventBusArn,
      targetParameters: {
        inputTemplate: INPUT_TEMPLATE,
        eventBridgeEventBusParameters: { detailType, source: EVENT_SOURCE },
      },
    });
  }
  return deadLetters;
}
