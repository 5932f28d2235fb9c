/**
 * `Deleted` on an event bus: docs/events.md. The events come from the receipts' stream and not from the functions: the deleting transaction itself writes the receipt, so each deletion has its event, and nothing else has
 * one. A function that dies right after its transaction loses no event.
 */
import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeNoResources } from './acknowledged.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createPolicy, type PolicyProps } from './grants.ts';
import { readStreamStatements, sendStatement } from './mappings.ts';
import { refuse } from './refusal.ts';

export interface EventProps {
  /**
   * Where `Deleted` events go; docs/events.md says what is in them. At least one for each deletion, from a stream that the
   * Receipts table then has. In 2026 a million of them costs $1.40: $0.40 for the pipe, and $1 for the bus, the account's default
   * one included. The pipe reads the stream, which bears one reader more.
   * @default - no events: there may be no listener
   */
  readonly eventBus?: IEventBus;
}

/** What listeners know: not to be renamed. Whichever kind was deleted: the receipt's id tells it. */
const EVENT = { source: 'deallocator', detailType: 'Deleted' } as const;

/** Events in one PutEvents. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html */
const BATCH_EVENTS_MAX = 10;
/** For half of the stream's 24 hours the pipe tries a bus that refuses, however often. The other half is left to the operator. */
const RECORD_AGE_MAX = Duration.hours(12);
const RETRIES_UNTIL_THEN = -1;
/** Where cfn-lint 1.51 knows no pipes. A warning only: AWS adds services to Regions. */
const REGIONS_WITHOUT_PIPES = ['us-gov-west-1'];

/**
 * The whole image, untouched: an id needs no quotes escaped, and no attribute can be missing.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
 */
const INPUT_TEMPLATE = '{"version":1,"receipt":<$.dynamodb.NewImage>}';

export interface EventsSetup {
  readonly receipts: ITable;
  readonly eventBus: IEventBus;
  /** What a reader of the stream needs to be allowed beside reading it. */
  readonly statements: readonly PolicyStatement[];
  readonly queueName: string | undefined;
  readonly queueKey: IKey | undefined;
  readonly props: PolicyProps;
}

/** @returns the queue of events that were given up */
export function createEvents(scope: Construct, setup: EventsSetup): Queue {
  const { receipts, eventBus, statements, queueName, queueKey, props } = setup;
  const source = receipts.tableStreamArn;
  if (source === undefined) {
    refuse(
      receipts,
      `no stream, which eventBus needs; give the table one of view type NEW_IMAGE, or leave eventBus out`,
    );
  }
  const { region } = Stack.of(scope);
  if (REGIONS_WITHOUT_PIPES.includes(region)) {
    Annotations.of(scope).addWarningV2(
      'deallocator:no-pipes',
      `eventBus needs EventBridge Pipes, which ${region} is not known to have; leave eventBus out if the deployment fails`,
    );
  }
  const parent = new Construct(scope, 'Events');
  const deadLetters = createDeadLetters(parent, queueName, queueKey);
  const role = new Role(parent, 'Role', {
    // For pipes of this account only: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    assumedBy: new ServicePrincipal('pipes.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
  const policy = createPolicy(
    parent,
    role,
    [
      ...readStreamStatements(source),
      ...statements,
      new PolicyStatement({ actions: ['events:PutEvents'], resources: [eventBus.eventBusArn] }),
      sendStatement(deadLetters),
    ],
    props,
  );
  acknowledgeNoResources(parent, 'DynamoDB');
  const pipe = new CfnPipe(parent, EVENT.detailType, {
    description: `Deallocator: ${EVENT.detailType} from receipts`,
    roleArn: role.roleArn,
    source,
    sourceParameters: readNewReceipts(deadLetters),
    target: eventBus.eventBusArn,
    targetParameters: { inputTemplate: INPUT_TEMPLATE, eventBridgeEventBusParameters: EVENT },
  });
  // EventBridge checks the role when it creates a pipe.
  pipe.node.addDependency(policy);
  return deadLetters;
}

function readNewReceipts(deadLetters: Queue): CfnPipe.PipeSourceParametersProperty {
  // A receipt never changes, and DynamoDB's removal of an old one is no news.
  const pattern = { eventName: ['INSERT'] };
  return {
    dynamoDbStreamParameters: {
      // LATEST can miss records while the pipe is created or updated.
      startingPosition: 'TRIM_HORIZON',
      batchSize: BATCH_EVENTS_MAX,
      maximumBatchingWindowInSeconds: 0,
      parallelizationFactor: 1,
      maximumRecordAgeInSeconds: RECORD_AGE_MAX.toSeconds(),
      maximumRetryAttempts: RETRIES_UNTIL_THEN,
      onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
      deadLetterConfig: { arn: deadLetters.queueArn },
    },
    filterCriteria: { filters: [{ pattern: JSON.stringify(pattern) }] },
  };
}
