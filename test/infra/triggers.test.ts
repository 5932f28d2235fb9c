import { type CfnElement, Duration } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import type { IConstruct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { createWorld } from './world.ts';

const world = createWorld();
const queueArn = world.stack.resolve(world.deallocator.deadLetterQueue.queueArn);

function rule(from: typeof world, has: 'ScheduleExpression' | 'EventPattern') {
  const rules = Object.values(from.template.findResources('AWS::Events::Rule')).map((found) => found.Properties);
  expect(rules).toHaveLength(2);
  return rules.find((properties) => has in properties);
}

const target = (trigger: string) => ({
  Arn: world.stack.resolve(world.deallocator.functions.sweep.functionArn),
  Input: JSON.stringify({ trigger }),
  RetryPolicy: { MaximumEventAgeInSeconds: 900, MaximumRetryAttempts: 5 },
  DeadLetterConfig: { Arn: queueArn },
});

describe('what makes the sweep run', () => {
  test('a schedule, every 15 minutes', () => {
    expect(rule(world, 'ScheduleExpression')).toMatchObject({
      State: 'ENABLED',
      ScheduleExpression: 'rate(15 minutes)',
      Targets: [target('schedule')],
    });
  });

  test('another schedule, if it is wanted', () => {
    const hourly = createWorld({ sweepSchedule: Schedule.rate(Duration.hours(1)) });
    expect(rule(hourly, 'ScheduleExpression')?.ScheduleExpression).toBe('rate(1 hour)');
  });

  test('each deployment of its own stack that changed something', () => {
    expect(rule(world, 'EventPattern')).toMatchObject({
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.cloudformation'],
        'detail-type': ['CloudFormation Stack Status Change'],
        detail: {
          'stack-id': [{ Ref: 'AWS::StackId' }],
          'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'] },
        },
      },
      Targets: [target('deployment')],
    });
  });

  test('only these two rules may invoke it', () => {
    const allowed = Object.values(world.template.findResources('AWS::Lambda::Permission')).map((one) => one.Properties);
    const rules = Object.keys(world.template.findResources('AWS::Events::Rule'));
    expect(allowed.map((one) => one.Principal)).toEqual(['events.amazonaws.com', 'events.amazonaws.com']);
    expect(allowed.map((one) => one.SourceArn['Fn::GetAtt'][0]).sort()).toEqual(rules.sort());
  });

  test('a sweep that failed is tried once more, and then told of', () => {
    world.template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 1);
    world.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: world.stack.resolve(world.deallocator.functions.sweep.functionName),
      Qualifier: '$LATEST',
      MaximumEventAgeInSeconds: 900,
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: queueArn } },
    });
  });
});

describe('the dead-letter queue', () => {
  test('is one, encrypted, and keeps its messages for 14 days', () => {
    world.template.resourceCountIs('AWS::SQS::Queue', 1);
    expect(world.resourceOf(world.deallocator.deadLetterQueue)).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 60 * 60 },
    });
  });

  test('refuses requests without TLS, and takes messages of the two rules', () => {
    const [policy] = Object.values(world.template.findResources('AWS::SQS::QueuePolicy'));
    const statements = policy?.Properties.PolicyDocument.Statement as Record<string, unknown>[];
    expect(statements).toHaveLength(3);
    expect(statements[0]).toMatchObject({
      Effect: 'Deny',
      Action: 'sqs:*',
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    for (const statement of statements.slice(1)) {
      expect(statement).toMatchObject({
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': expect.anything() } },
      });
    }
  });
});

test('S2 the sweep is deployed after the functions of the streams and their mappings: what it learns, none of a former declaration lets go by', () => {
  const { functions } = world.deallocator;
  const ids = Object.entries(functions).flatMap(([name, one]) => {
    if (name === 'sweep') return [];
    const mapping = (one.node.scope as IConstruct).node.findChild('Mapping');
    return [one, mapping].map(({ node }) => world.stack.resolve((node.defaultChild as CfnElement).logicalId));
  });
  expect(ids).toHaveLength(8);
  expect(world.resourceOf(functions.sweep).DependsOn).toEqual(expect.arrayContaining(ids));
});
