import { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { type AlarmProperties, evaluate } from '../drills/alarm.ts';
import { createWorld, permissions } from './world.ts';

const NOW_EPOCH_MILLIS = 1_000_000_000;
const BUS_ARN = 'arn:aws:events:us-east-1:111122223333:event-bus/shop';
const world = createWorld({ eventBus: EventBus.fromEventBusArn(new Stack(), 'Bus', BUS_ARN) });
const { deallocator, stack } = world;
const streamArn = stack.resolve(deallocator.tables.receipts.tableStreamArn);
const queueArn = stack.resolve(deallocator.eventDeadLetterQueue?.queueArn);

describe('events', () => {
  test('are off unless there is a bus for them: no pipe, no queue, no stream', () => {
    const silent = createWorld();
    silent.template.resourceCountIs('AWS::Pipes::Pipe', 0);
    silent.template.resourceCountIs('AWS::SQS::Queue', 1);
    expect(silent.propertiesOf(silent.deallocator.tables.receipts)).not.toHaveProperty('StreamSpecification');
  });

  test('come from new receipts of whatever kind by one pipe, with every option written out', () => {
    const pipes = Object.values(world.template.findResources('AWS::Pipes::Pipe')).map(({ Properties }) => Properties);
    expect(pipes).toHaveLength(1);
    expect(pipes[0]).toMatchObject({
      Source: streamArn,
      SourceParameters: {
        DynamoDBStreamParameters: {
          StartingPosition: 'TRIM_HORIZON',
          BatchSize: 10,
          MaximumBatchingWindowInSeconds: 0,
          ParallelizationFactor: 1,
          MaximumRecordAgeInSeconds: 43_200,
          MaximumRetryAttempts: -1,
          OnPartialBatchItemFailure: 'AUTOMATIC_BISECT',
          DeadLetterConfig: { Arn: queueArn },
        },
        FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
      },
      Target: BUS_ARN,
      TargetParameters: { EventBridgeEventBusParameters: { DetailType: 'Deleted', Source: 'deallocator' } },
    });
    expect(world.propertiesOf(deallocator.tables.receipts).StreamSpecification).toEqual({
      StreamViewType: 'NEW_IMAGE',
    });
  });

  test('are sent by a role for pipes of this account, which may do nothing else', () => {
    const role = deallocator.node.findChild('Events').node.findChild('Role') as Role;
    expect(permissions(world.statementsOf(role))).toEqual({
      'receipts/stream': ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      '*': ['dynamodb:ListStreams'],
      [BUS_ARN]: ['events:PutEvents'],
      [JSON.stringify(queueArn)]: ['sqs:SendMessage'],
    });
    expect(world.propertiesOf(role).AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Principal: { Service: 'pipes.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ],
    });
  });

  test('that the bus did not take ring as any dead letter does', () => {
    const alarms = Object.values(world.template.findResources('AWS::CloudWatch::Alarm'));
    const dead = alarms.filter(({ Properties }) => Properties.MetricName === 'ApproximateNumberOfMessagesVisible');
    expect(dead).toHaveLength(2);
    const queueName = JSON.stringify(stack.resolve(deallocator.eventDeadLetterQueue?.queueName));
    const stateWith = (messages: number) =>
      dead.map(({ Properties }) => {
        const Dimensions = [{ Name: 'QueueName', Value: JSON.stringify(Properties.Dimensions[0].Value) }];
        const point = {
          namespace: 'AWS/SQS',
          metric: 'ApproximateNumberOfMessagesVisible',
          dimensions: { QueueName: queueName },
          atEpochMillis: NOW_EPOCH_MILLIS,
          value: messages,
        };
        return evaluate({ ...(Properties as AlarmProperties), Dimensions }, [point], NOW_EPOCH_MILLIS, 'OK');
      });
    expect(stateWith(0)).toEqual(['OK', 'OK']);
    expect(stateWith(1).sort()).toEqual(['ALARM', 'OK']);
  });
});
