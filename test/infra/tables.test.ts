import { RemovalPolicy } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { createWorld, tableNames } from './world.ts';

const world = createWorld();
const table = (name: (typeof tableNames)[number], from = world) => from.propertiesOf(from.deallocator.tables[name]);

describe('tables', () => {
  test('there are six, and none is a global table', () => {
    world.template.resourceCountIs('AWS::DynamoDB::Table', 6);
    world.template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
  });

  test.each(tableNames)('%s is kept, protected, recoverable, encrypted and paid for by request', (name) => {
    expect(world.resourceOf(world.deallocator.tables[name])).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
        SSESpecification: { SSEEnabled: true },
        BillingMode: 'PAY_PER_REQUEST',
        ContributorInsightsSpecification: { Enabled: false },
      },
    });
  });

  test.each([
    ['services', ['id'], 'NEW_AND_OLD_IMAGES'],
    ['tasks', ['serviceId', 'id'], 'NEW_AND_OLD_IMAGES'],
    ['networks', ['id'], 'NEW_AND_OLD_IMAGES'],
    ['attachments', ['held', 'holder'], 'KEYS_ONLY'],
    ['counters', ['id'], undefined],
    ['receipts', ['id', 'markedAt'], undefined],
  ] as const)('%s has the keys %j and the stream %s', (name, keys, stream) => {
    const { KeySchema, StreamSpecification } = table(name);
    expect((KeySchema as { AttributeName: string }[]).map((key) => key.AttributeName)).toEqual(keys);
    expect(StreamSpecification).toEqual(stream && { StreamViewType: stream });
  });

  test.each(['services', 'networks'] as const)('%s has the sparse index over what is marked', (name) => {
    expect(table(name).GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'marked',
        KeySchema: [
          { AttributeName: 'id', KeyType: 'HASH' },
          { AttributeName: 'markedAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });

  test.each(['tasks', 'attachments', 'counters', 'receipts'] as const)('%s has no index', (name) => {
    expect(table(name)).not.toHaveProperty('GlobalSecondaryIndexes');
  });

  test('receipts expire, and tasks if an attribute is named', () => {
    const expireAnyhow = ['receipts'];
    expect(table('receipts').TimeToLiveSpecification).toEqual({ AttributeName: 'expiresAt', Enabled: true });
    for (const name of tableNames.filter((one) => !expireAnyhow.includes(one))) {
      expect(table(name)).not.toHaveProperty('TimeToLiveSpecification');
    }
    const expiring = createWorld({ expiryAttributes: { tasks: 'expiresAtEpochSeconds' } });
    expect(table('tasks', expiring).TimeToLiveSpecification).toEqual({
      AttributeName: 'expiresAtEpochSeconds',
      Enabled: true,
    });
    for (const name of tableNames.filter((one) => one !== 'tasks' && !expireAnyhow.includes(one))) {
      expect(table(name, expiring)).not.toHaveProperty('TimeToLiveSpecification');
    }
  });

  test('tasks whose state counts have images in their stream', () => {
    const { StreamSpecification } = table('tasks', createWorld({ taskIsGone: 'terminal' }));
    expect(StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });

  test('both locks open only when both are opened', () => {
    const onlyPolicy = createWorld({ removalPolicy: RemovalPolicy.DESTROY });
    const both = createWorld({
      removalPolicy: RemovalPolicy.DESTROY,
      deletionProtection: false,
      pointInTimeRecoveryDays: 7,
    });
    for (const name of tableNames) {
      expect(onlyPolicy.resourceOf(onlyPolicy.deallocator.tables[name])).toMatchObject({
        DeletionPolicy: 'Delete',
        Properties: { DeletionProtectionEnabled: true },
      });
      expect(both.resourceOf(both.deallocator.tables[name])).toMatchObject({
        DeletionPolicy: 'Delete',
        Properties: {
          DeletionProtectionEnabled: false,
          PointInTimeRecoverySpecification: { RecoveryPeriodInDays: 7 },
        },
      });
    }
  });
});
