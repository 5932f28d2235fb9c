/** What a deployment may be given to live in: names, keys, a network; and another deployment beside it. */
import { App, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { createWorld, functionNames, permissions, tableNames } from './world.ts';

const elsewhere = new Stack();
const eventBus = EventBus.fromEventBusArn(elsewhere, 'Bus', 'arn:aws:events:us-east-1:111122223333:event-bus/shop');

test('a prefix begins every name', () => {
  const { template, deallocator, propertiesOf } = createWorld({ resourcePrefix: 'shop-prod', eventBus });
  for (const name of tableNames) {
    expect(propertiesOf(deallocator.tables[name])).toMatchObject({ TableName: `shop-prod-${name}` });
  }
  for (const name of functionNames) {
    expect(propertiesOf(deallocator.functions[name])).toMatchObject({ FunctionName: `shop-prod-${name}` });
    expect(propertiesOf(deallocator.functions[name].logGroup)).toMatchObject({
      LogGroupName: `/aws/lambda/shop-prod-${name}`,
    });
  }
  const names = (type: string, property: string) =>
    Object.values(template.findResources(type)).map(({ Properties }) => Properties[property]);
  expect(names('AWS::SQS::Queue', 'QueueName')).toEqual(['shop-prod-dead-letters', 'shop-prod-event-dead-letters']);
  // Dashboards are one set for all Regions.
  expect(names('AWS::CloudWatch::Dashboard', 'DashboardName')).toEqual([
    { 'Fn::Join': ['', ['shop-prod-', { Ref: 'AWS::Region' }]] },
  ]);
  expect(names('AWS::CloudWatch::Alarm', 'AlarmName')).toContain('shop-prod-SweptUp');
});

describe('a key of one’s own', () => {
  const KEY_ARN = 'arn:aws:kms:us-east-1:111122223333:key/5f0c0b3e-6a1b-4e0e-9d0c-2f6f3a1f0c11';
  const DECRYPT = ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'].map(
    (action) => `kms:${action}`,
  );

  test('encrypts every table, and all who use these may use it, through DynamoDB alone', () => {
    const key = Key.fromKeyArn(elsewhere, 'Key', KEY_ARN);
    const world = createWorld({ tableEncryptionKey: key, eventBus });
    const grantees = ['grantRead', 'grantWrite'] as const;
    const roles = grantees.map((grant) => {
      const role = new Role(world.stack, grant, { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      world.deallocator[grant](role).assertSuccess();
      return role;
    });
    for (const name of tableNames) {
      expect(world.propertiesOf(world.deallocator.tables[name])).toMatchObject({
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY_ARN },
      });
    }
    const pipes = world.deallocator.node.findChild('Events').node.findChild('Role');
    for (const role of [...roles, pipes, ...functionNames.map((name) => world.deallocator.functions[name].role)]) {
      expect(permissions(world.statementsOf(role as Role))).toMatchObject({ [KEY_ARN]: DECRYPT });
    }
    const template = JSON.stringify(world.template.toJSON());
    const conditions = template.match(/"kms:ViaService":/g) ?? [];
    expect(conditions).toHaveLength(functionNames.length + 1 + roles.length);
  });

  test('is not asked for where there is none', () => {
    expect(JSON.stringify(createWorld().template.toJSON())).not.toContain('kms:');
  });
});

describe('a VPC', () => {
  test('holds every function, in the chosen subnets and groups', () => {
    const app = new App();
    const stack = new Stack(app, 'Net', { env: { account: '111122223333', region: 'eu-central-1' } });
    const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
    const group = new SecurityGroup(stack, 'Group', { vpc });
    new Deallocator(stack, 'Deallocator', {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [group],
    });
    const template = Template.fromStack(stack);
    const functions = Object.values(template.findResources('AWS::Lambda::Function')).map((one) => one.Properties);
    const { subnetIds } = vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_ISOLATED });
    expect(functions.filter(({ VpcConfig }) => VpcConfig !== undefined)).toHaveLength(functionNames.length);
    for (const { VpcConfig, Environment } of functions.filter((one) => one.VpcConfig)) {
      expect(VpcConfig).toMatchObject({
        SubnetIds: stack.resolve(subnetIds),
        SecurityGroupIds: [stack.resolve(group.securityGroupId)],
      });
      expect(Environment.Variables.DEALLOCATOR_FUNCTION).toBeDefined();
    }
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).map((one) => one.Properties);
    for (const { PolicyDocument } of policies) {
      const onInterfaces = PolicyDocument.Statement.filter((one: unknown) => JSON.stringify(one).includes('ec2:'));
      expect(onInterfaces).toMatchObject([
        { Effect: 'Allow', Resource: '*' },
        { Effect: 'Deny', Resource: '*', Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } } },
      ]);
      expect(onInterfaces[1].Action).toEqual(onInterfaces[0].Action);
    }
    expect(policies).toHaveLength(functionNames.length);
  });

  test('is asked for only where there is one, and is not left out', () => {
    expect(JSON.stringify(createWorld().template.toJSON())).not.toContain('ec2:');
    const alone: DeallocatorProps[] = [
      { vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED } },
      { securityGroups: [SecurityGroup.fromSecurityGroupId(elsewhere, 'Sg', 'sg-1')] },
    ];
    for (const props of alone) expect(() => createWorld(props)).toThrow(/is given without vpc; choose the VPC/);
  });
});

describe('the metrics namespace of a deployment that chooses none', () => {
  const namespaceOf = (scope: Construct, id = 'Deallocator') => new Deallocator(scope, id).metricsNamespace;

  test('is its stack’s name and its path, in any stack, stage or nested stack', () => {
    const app = new App();
    expect(namespaceOf(new Stack(app, 'Shop'))).toBe('Deallocator/Shop/Deallocator');
    expect(namespaceOf(new Stack(app, 'Other', { stackName: 'shop-eu' }))).toBe('Deallocator/shop-eu/Deallocator');
    expect(namespaceOf(new Stack(new Stage(app, 'Prod'), 'Shop'))).toBe('Deallocator/Prod-Shop/Deallocator');
    expect(namespaceOf(new NestedStack(new Stack(app, 'Outer'), 'Inner'))).toBe('Deallocator/Outer/Inner/Deallocator');
  });

  test('is another one for each, also for two that share all that can be read', () => {
    const app = new App();
    const twins = ['one', 'other'].map((stackName, n) => new Stack(app, `Twin${n}`, { stackName }));
    const long = 'x'.repeat(300);
    const deep = new Stack(app, 'Deep');
    const spaced = new Stack(app, 'Spaced');
    const all = [
      ...twins.map((stack) => namespaceOf(stack)),
      namespaceOf(new Construct(deep, long), 'a'),
      namespaceOf(new Construct(deep, `${long}y`), 'a'),
      ...['my deallocator', 'my-deallocator', 'my+deallocator'].map((id) => namespaceOf(spaced, id)),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one).toMatch(/^Deallocator\/[\w./#:-]{1,243}$/);
  });
});

test('two deallocators in one stack know nothing of each other', () => {
  const stack = new Stack(new App(), 'Two');
  const both = [new Deallocator(stack, 'One'), new Deallocator(stack, 'Other', { resourcePrefix: 'other' })];
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::DynamoDB::Table', 12);
  const [one, other] = both.map((deallocator) => ({
    logicalIds: Object.keys(template.toJSON().Resources).filter((id) => id.startsWith(deallocator.node.id)),
    namespace: deallocator.metricsNamespace,
  }));
  expect([one?.namespace, other?.namespace]).toEqual(['Deallocator/Two/One', 'Deallocator/Two/Other']);
  expect((one?.logicalIds.length ?? 0) + (other?.logicalIds.length ?? 0)).toBe(
    Object.keys(template.toJSON().Resources).length,
  );
  // No resource names a resource of the other deployment, and no alarm or graph names the other's namespace.
  for (const [own, theirs] of [
    [one, other],
    [other, one],
  ]) {
    const ours = own?.logicalIds.map((id) => JSON.stringify(template.toJSON().Resources[id])).join() ?? '';
    expect(theirs?.logicalIds.filter((id) => ours.includes(`"${id}"`))).toEqual([]);
    expect(ours).not.toContain(theirs?.namespace);
  }
});
