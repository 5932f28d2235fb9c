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

describe('what a table denies', () => {
  test('is every delete but the deallocator’s, whose deletes of services and networks are transactions', () => {
    expect(statementsOf('services')).toEqual([
      only('task-deleted', 'service-updated', 'sweep'),
      inTransactions,
      noOtherWay,
    ]);
    expect(statementsOf('networks')).toEqual([only(...functionNames), inTransactions, noOtherWay]);
    expect(statementsOf('counters')).toEqual([only(...functionNames), noOtherWay]);
  });

  test('is every delete of an attachment outside of a transaction: the client updates services', () => {
    expect(statementsOf('attachments')).toEqual([inTransactions, noOtherWay]);
  });

  test('is nothing where the deletes are the users’ own, or DynamoDB’s', () => {
    expect(statementsOf('tasks')).toEqual([]);
    expect(statementsOf('receipts')).toEqual([]);
  });

  test('is the table’s own deletion, until the deployment has opened both locks', () => {
    const denies = (props: Parameters<typeof createWorld>[0]) =>
      JSON.stringify(statementsOf('services', createWorld(props))).includes('dynamodb:DeleteTable');
    expect(denies({ removalPolicy: RemovalPolicy.DESTROY })).toBe(true);
    expect(denies({ deletionProtection: false })).toBe(true);
    expect(denies({ removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false })).toBe(false);
  });

  test('never keeps the deploying principal from changing the table or this policy', () => {
    const denied = new Set(tableNames.flatMap((name) => statementsOf(name)).flatMap(({ Action }) => [Action].flat()));
    expect([...denied].sort()).toEqual([...otherWays, 'dynamodb:DeleteItem', 'dynamodb:DeleteTable'].sort());
  });

  test('fits into DynamoDB’s 20 KB with the longest names', () => {
    const arn = `arn:aws-us-gov:iam::${'0'.repeat(12)}:role/${'r'.repeat(64)}`;
    const text = JSON.stringify(statementsOf('networks'), (_, value) => (value?.['Fn::GetAtt'] ? arn : value));
    expect(text).toContain(arn);
    expect(text.length).toBeLessThan(20 * 1024);
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
