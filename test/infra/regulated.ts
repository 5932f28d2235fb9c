/** A deployment with all that a regulated account asks for. */
import type { Stack } from 'aws-cdk-lib';
import { BackupPlan } from 'aws-cdk-lib/aws-backup';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ContributorInsightsMode } from 'aws-cdk-lib/aws-dynamodb';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import { arn } from './findings.ts';

export function regulated(stack: Stack): DeallocatorProps {
  const key = new Key(stack, 'Key', { enableKeyRotation: true });
  return {
    tableEncryptionKey: key,
    queueEncryptionKey: key,
    logEncryptionKey: key,
    managedPolicies: true,
    tracing: true,
    reservedConcurrency: {
      'task-deleted': 10,
      'attachment-deleted': 10,
      'service-updated': 10,
      'network-updated': 10,
      sweep: 2,
    },
    maxWriteRequestUnits: 20_000,
    maxReadRequestUnits: 20_000,
    warmThroughput: { tasks: { readUnitsPerSecond: 24_000, writeUnitsPerSecond: 8_000 } },
    contributorInsights: ContributorInsightsMode.THROTTLED_KEYS,
    backupPlan: BackupPlan.dailyWeeklyMonthly5YearRetention(stack, 'Plan'),
    eventBus: new EventBus(stack, 'Bus'),
    alarmAction: new SnsAction(Topic.fromTopicArn(stack, 'Topic', arn('sns', 'ops'))),
    alarms: {
      throttledFunctions: 1,
      nearTimeout: 80,
      throttledTables: 1,
      systemErrors: 1,
      consumedWriteUnits: 1_000_000,
    },
    compositeAlarm: true,
    vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-central-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
      privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
    }),
  };
}
