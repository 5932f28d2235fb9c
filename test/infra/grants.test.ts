/** A grant lands, or is refused, or says that it does not land: never nothing at all. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  AccountPrincipal,
  ArnPrincipal,
  Group,
  type IGrantable,
  OrganizationPrincipal,
  Role,
  ServicePrincipal,
  User,
} from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { createWorld } from './world.ts';

const GRANTS = ['grantRead', 'grantWrite', 'grantOperate', 'grantSweep'] as const;
const KEY_ARN = 'arn:aws:kms:us-east-1:111122223333:key/5f0c0b3e-6a1b-4e0e-9d0c-2f6f3a1f0c11';
const env = { account: '111122223333', region: 'eu-central-1' };

function deploy(props: DeallocatorProps = {}, app = new App()) {
  const stack = new Stack(app, 'Grants', { env });
  return { app, stack, deallocator: new Deallocator(stack, 'Deallocator', props) };
}

const roleArn = (account: string) => `arn:aws:iam::${account}:role/api`;

describe('a grant', () => {
  const nowhere: [what: string, grantee: (stack: Stack) => IGrantable, message: RegExp][] = [
    ['an ARN', () => new ArnPrincipal(roleArn(env.account)), /lands nowhere: only roles, users and groups/],
    ['this account', () => new AccountPrincipal(env.account), /lands nowhere/],
    ['an organization', () => new OrganizationPrincipal('o-12345abcde'), /lands nowhere/],
    ['a service', () => new ServicePrincipal('ecs-tasks.amazonaws.com'), /lands nowhere/],
    [
      'another account',
      () => new AccountPrincipal('444455556666'),
      /is of the account 444455556666, and must be of 1111/,
    ],
    [
      'a role of another account',
      (stack) => Role.fromRoleArn(stack, 'Theirs', roleArn('444455556666')),
      /^Grants\/Deallocator: grant\w+\("Grants\/Theirs"\) is of the account 444455556666, .*; let it assume a role/,
    ],
  ];
  test.each(nowhere)('to %s is refused', (_, grantee, message) => {
    const { stack, deallocator } = deploy();
    const who = grantee(stack);
    for (const grant of GRANTS) expect(() => deallocator[grant](who)).toThrow(message);
  });

  test('to a role that may not be changed warns, and to one that may does not', () => {
    const { stack, deallocator } = deploy();
    const fixed = Role.fromRoleArn(stack, 'Fixed', roleArn(env.account), { mutable: false });
    const free = Role.fromRoleArn(stack, 'Free', roleArn(env.account));
    for (const grant of GRANTS) {
      expect(deallocator[grant](fixed).success).toBe(true);
      expect(deallocator[grant](free).success).toBe(true);
    }
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('changes nothing'));
    expect(warnings.map(({ entry }) => /^\w+\("[^"]+"\)/.exec(String(entry.data))?.[0]).sort()).toEqual(
      GRANTS.map((grant) => `${grant}("Grants/Fixed")`).sort(),
    );
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', { Roles: ['api'] });
  });

  test('to a user is a managed policy: an inline one would be too long, and the same grant twice is one', () => {
    const world = createWorld({ tableEncryptionKey: Key.fromKeyArn(new Stack(new App(), 'K'), 'Key', KEY_ARN) });
    for (const user of [new User(world.stack, 'Ann'), User.fromUserName(world.stack, 'Bob', 'bob')]) {
      for (const grant of [...GRANTS, ...GRANTS]) world.deallocator[grant](user).assertSuccess();
    }
    const policies = Object.values(world.template.findResources('AWS::IAM::ManagedPolicy'));
    expect(policies).toHaveLength(2 * GRANTS.length);
    for (const { Properties } of policies) {
      expect(Properties.Users).toHaveLength(1);
      // Each reference as long as an ARN can be. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      const text = JSON.stringify(Properties.PolicyDocument, (_, value) =>
        value?.['Fn::GetAtt'] ? 'a'.repeat(150) : value,
      );
      expect(text.length).toBeLessThan(6_144);
    }
    const inline = Object.values(world.template.findResources('AWS::IAM::Policy'));
    expect(JSON.stringify(inline)).not.toContain('"Users"');
  });

  test('lets the same be done by a user as by a role', () => {
    const world = createWorld();
    const role = new Role(world.stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    world.deallocator.grantOperate(role);
    world.deallocator.grantOperate(new User(world.stack, 'Ann'));
    const [ofUser] = Object.values(world.template.findResources('AWS::IAM::ManagedPolicy'));
    const ofRole = Object.entries(world.template.findResources('AWS::IAM::Policy')).find(([id]) =>
      id.startsWith('Role'),
    );
    expect(ofUser?.Properties.PolicyDocument).toEqual(ofRole?.[1].Properties.PolicyDocument);
  });

  test('from another stack puts the policy there', () => {
    const { app, stack, deallocator } = deploy();
    const theirs = new Stack(app, 'Theirs', { env });
    deallocator.grantWrite(new User(theirs, 'Ann'));
    Template.fromStack(theirs).resourceCountIs('AWS::IAM::ManagedPolicy', 1);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });
});

test('managed policies, where they are asked for, are the only ones, and fit', () => {
  const world = createWorld({
    managedPolicies: true,
    stopTasks: true,
    taskNetworks: true,
    tableEncryptionKey: Key.fromKeyArn(new Stack(new App(), 'K'), 'Key', KEY_ARN),
  });
  const grantees = [
    new Role(world.stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }),
    new Group(world.stack, 'Group'),
    new User(world.stack, 'User'),
  ];
  for (const grantee of grantees) world.deallocator.grantOperate(grantee).assertSuccess();
  world.template.resourceCountIs('AWS::IAM::Policy', 0);
  const policies = Object.values(world.template.findResources('AWS::IAM::ManagedPolicy'));
  expect(policies).toHaveLength(5 + grantees.length);
  for (const { Properties } of policies) {
    const attached = [Properties.Roles, Properties.Groups, Properties.Users].filter((one) => one !== undefined);
    expect(attached).toHaveLength(1);
    const text = JSON.stringify(Properties.PolicyDocument, (_, value) =>
      value?.['Fn::GetAtt'] ? 'a'.repeat(150) : value,
    );
    expect(text.length).toBeLessThan(6_144);
  }
});
