import { type CfnElement, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { createWorld, functionNames, tableNames } from './world.ts';

const world = createWorld();
type Json = Record<string, unknown>;

function statementsOf(name: (typeof tableNames)[number], from = world): Json[] {
  const { ResourcePolicy } = from.propertiesOf(from.deallocator.tables[name]);
  return (ResourcePolicy as { PolicyDocument: { Statement: Json[] } } | undefined)?.PolicyDocument.Statement ?? [];
}

const roleArn = (name: (typeof functionNames)[number]) =>
  world.stack.resolve((world.deallocator.functions[name].role as Role).roleArn);

/** Written out here, and not taken from the code: the second opinion is the point. */
const toAll = { Effect: 'Deny', Principal: { AWS: '*' }, Resource: '*' };
const only = (...names: (typeof functionNames)[number][]) => ({
  ...toAll,
  Sid: 'OnlyTheDeallocatorDeletes',
  Action: 'dynamodb:DeleteItem',
  Condition: { ArnNotEquals: { 'aws:PrincipalArn': names.map(roleArn) } },
});
const inTransactions = {
  ...toAll,
  Sid: 'DeletesOnlyInTransactions',
  Action: 'dynamodb:DeleteItem',
  Condition: { StringNotEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' } },
};
const otherWays = ['dynamodb:BatchWriteItem', 'dynamodb:PartiQLDelete', 'dynamodb:UpdateTimeToLive'];
const noOtherWay = { ...toAll, Sid: 'NoOtherWayToDelete', Action: [...otherWays, 'dynamodb:DeleteTable'] };
const replicating = ['Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'UpdateTable'].map((one) => `dynamodb:${one}`);
const noReplicas = {
  ...toAll,
  Sid: 'NoReplicas',
  Action: replicating,
  Condition: {
    ArnLike: {
      'aws:PrincipalArn':
        'arn:*:iam::*:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication',
    },
  },
};
const forging = ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'].map(
  (one) => `dynamodb:${one}`,
);

describe('what a table denies', () => {
  test('is every delete but the deallocator’s, whose deletes of services and networks are transactions', () => {
    expect(statementsOf('services')).toEqual([
      only('service-updated', 'task-deleted', 'sweep'),
      inTransactions,
      noOtherWay,
      noReplicas,
    ]);
    expect(statementsOf('networks')).toEqual([only(...functionNames), inTransactions, noOtherWay, noReplicas]);
    expect(statementsOf('counters')).toEqual([only(...functionNames), noOtherWay, noReplicas]);
  });

  test('is every delete of an attachment outside of a transaction: the client updates services', () => {
    expect(statementsOf('attachments')).toEqual([inTransactions, noOtherWay, noReplicas]);
  });

  test('is no delete where the deletes are the users’ own, and there the table’s alone', () => {
    expect(statementsOf('tasks')).toEqual([
      { ...toAll, Sid: 'TheTableStays', Action: 'dynamodb:DeleteTable' },
      noReplicas,
    ]);
  });

  test('is every write to a receipt but the put of the transaction that deletes, so that nobody forges one', () => {
    expect(statementsOf('receipts')).toEqual([
      { ...only(...functionNames), Sid: 'OnlyTheDeallocatorPuts', Action: 'dynamodb:PutItem' },
      { ...inTransactions, Sid: 'PutsOnlyInTransactions', Action: 'dynamodb:PutItem' },
      { ...toAll, Sid: 'NobodyChangesOrDeletes', Action: [...forging, 'dynamodb:DeleteTable'] },
      noReplicas,
    ]);
    // CloudFormation sets it after it has made the table with its policy.
    expect(JSON.stringify(statementsOf('receipts'))).not.toContain('UpdateTimeToLive');
  });

  test('is the table’s own deletion, until the deployment has opened both locks', () => {
    const denying = (props: Parameters<typeof createWorld>[0]) => {
      const from = createWorld(props);
      return tableNames.filter((name) => JSON.stringify(statementsOf(name, from)).includes('dynamodb:DeleteTable'));
    };
    expect(denying({ removalPolicy: RemovalPolicy.DESTROY })).toEqual(tableNames);
    expect(denying({ deletionProtection: false })).toEqual(tableNames);
    expect(denying({ deletionProtection: false, removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE })).toEqual(
      tableNames,
    );
    expect(denying({ removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false })).toEqual([]);
  });

  test('never keeps the deploying principal from changing the table or this policy', () => {
    const toEverybody = tableNames.flatMap((name) => statementsOf(name)).filter(({ Sid }) => Sid !== 'NoReplicas');
    const denied = new Set(toEverybody.flatMap(({ Action }) => [Action].flat()));
    const puts = ['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable'];
    expect([...denied].sort()).toEqual([...new Set([...otherWays, ...forging, ...puts])].sort());
  });

  test('fits into DynamoDB’s 20 KB with the longest names', () => {
    const arn = `arn:aws-us-gov:iam::${'0'.repeat(12)}:role/${'r'.repeat(64)}`;
    for (const name of ['networks', 'receipts'] as const) {
      const text = JSON.stringify(statementsOf(name), (_, value) => (value?.['Fn::GetAtt'] ? arn : value));
      expect(text).toContain(arn);
      expect(text.length).toBeLessThan(20 * 1024);
    }
  });
});

/** CloudFormation refuses a template with a circle; the CDK writes one without a word. */
test('no resource depends on itself, however far around', () => {
  const fresh = createWorld();
  const grantee = new Role(fresh.stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  fresh.deallocator.grantOperate(grantee);
  const resources = fresh.template.toJSON().Resources as Record<string, Json>;
  const namedIn = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const { Ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: string[] };
    return [Ref, attribute?.[0], ...Object.values(value).flatMap(namedIn)].filter((name) => name !== undefined);
  };
  const settled = new Set<string>();
  const visit = (id: string, path: readonly string[]) => {
    expect(path, `${id} depends on itself`).not.toContain(id);
    if (settled.has(id) || resources[id] === undefined) return;
    const { DependsOn, Properties } = resources[id];
    for (const next of [...namedIn(Properties), ...([DependsOn ?? []].flat() as string[])]) visit(next, [...path, id]);
    settled.add(id);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  expect(settled.size).toBe(Object.keys(resources).length);
});

test('each function, and so its mapping, waits for the policy of its role', () => {
  for (const name of functionNames) {
    const parent = world.deallocator.functions[name].node.scope as IConstruct;
    const policy = parent.node.findChild('Policy').node.defaultChild as CfnElement;
    const policyId = world.stack.resolve(policy.logicalId);
    expect(world.resourceOf(world.deallocator.functions[name]).DependsOn).toContain(policyId);
  }
});
