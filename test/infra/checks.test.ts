/** Two public checks of templates: cdk-nag's AwsSolutions, and the CDK's own validation, both as errors. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { arn, findings as findingsOf } from './findings.ts';

const findings = (create: (stack: Stack) => void) => findingsOf(AwsSolutionsChecks, create);

beforeAll(() => void vi.stubEnv('CDK_VALIDATION', 'true'));
afterAll(() => void vi.unstubAllEnvs());

const all: [what: string, props: (stack: Stack) => DeallocatorProps][] = [
  ['nothing chosen', () => ({})],
  [
    'everything chosen',
    (stack) => ({
      taskIsGone: 'terminal',
      gracePeriod: Duration.days(1),
      stopTasks: true,
      expiryAttributes: { tasks: 'expiresAt' },
      resourcePrefix: 'shop-prod',
      tableEncryptionKey: Key.fromKeyArn(stack, 'Key', arn('kms', 'key/5f0c0b3e-6a1b-4e0e-9d0c-2f6f3a1f0c11')),
      eventBus: EventBus.fromEventBusArn(stack, 'Bus', arn('events', 'event-bus/shop')),
      tracing: true,
      vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-central-1a'],
        privateSubnetIds: ['subnet-0123456789abcdef0'],
        privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
      }),
      securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0')],
    }),
  ],
  [
    'tables that are imported, or of the same stack',
    (stack) => ({
      tables: {
        attachments: Table.fromTableAttributes(stack, 'Attachments', {
          tableArn: arn('dynamodb', 'table/attachments'),
          tableStreamArn: arn('dynamodb', 'table/attachments/stream/2026-01-01T00:00:00.000'),
        }),
        tasks: new Table(stack, 'Tasks', {
          partitionKey: { name: 'serviceId', type: AttributeType.STRING },
          sortKey: { name: 'id', type: AttributeType.STRING },
          stream: StreamViewType.KEYS_ONLY,
          pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        }),
      },
    }),
  ],
];

test.each(all)('nothing is found with %s', (_, props) => {
  const found = findings((stack) => new Deallocator(stack, 'Deallocator', props(stack)));
  // The warning is for tables whose policy we can't write: the user who brings one is meant to see it.
  expect(found.filter((one) => !one.includes('deallocator:unguarded'))).toEqual([]);
});

test('what is wrong is found: the checks are on', () => {
  const found = findings((stack) => {
    new Table(stack, 'Bare', { partitionKey: { name: 'id', type: AttributeType.STRING } });
  });
  expect(found).toEqual(['AwsSolutions-DDB3 Checked/Bare/Resource']);
});
