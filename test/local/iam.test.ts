import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { connect, type FixtureCloud, type FixtureStack, useLocalClouds } from './fixture.ts';

const startCloud = useLocalClouds();

const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/Fixture-Things';
const key = { id: { S: 'a' }, part: { S: '-' } };

/** A role of the template that may do these. */
function role(
  name: string,
  statements: readonly object[],
  more: Record<string, unknown> = {},
): NonNullable<FixtureStack['resources']> {
  return {
    [name]: { Type: 'AWS::IAM::Role', Properties: { RoleName: name, AssumeRolePolicyDocument: {}, ...more } },
    [`${name}Policy`]: {
      Type: 'AWS::IAM::Policy',
      Properties: { PolicyName: 'P', Roles: [{ Ref: name }], PolicyDocument: { Statement: statements } },
    },
  };
}

/** A table with that policy. */
function tablePolicy(statements: readonly object[]): NonNullable<FixtureStack['resources']> {
  return {
    Guarded: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'Guarded',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        ResourcePolicy: { PolicyDocument: { Statement: statements } },
      },
    },
  };
}

const allow = (action: string, resource: unknown) => ({ Effect: 'Allow', Action: action, Resource: resource });
const things = { 'Fn::GetAtt': ['Things', 'Arn'] };

async function told(sending: Promise<unknown>): Promise<string> {
  return await sending.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

function as({ cloud }: FixtureCloud, accessKeyId: string) {
  const { endpoint, region, secretAccessKey } = cloud;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
}

describe('a role of the template', () => {
  it('may do what its policies allow, and is told what they don’t', async () => {
    const fixture = await startCloud({ resources: role('Putter', [allow('dynamodb:PutItem', things)]) });
    const client = connect(fixture.cloud, 'Putter');
    expect(await told(client.putItem({ TableName: fixture.things, Item: key }))).toBe('done');
    expect(await told(client.putItem({ TableName: fixture.marks, Item: key }))).toContain('not authorized');
    expect(await told(client.getItem({ TableName: fixture.things, Key: key }))).toBe(
      'AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/Putter/local is not authorized to perform: ' +
        `dynamodb:GetItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:GetItem action`,
    );
    client.destroy();
  });

  it('may list where an action has no resource, if it may everywhere', async () => {
    const everywhere = allow('dynamodb:ListTables', '*');
    const there = allow('dynamodb:ListTables', things);
    const fixture = await startCloud({ resources: { ...role('Everywhere', [everywhere]), ...role('There', [there]) } });
    for (const [name, answer] of [
      ['Everywhere', /^done$/],
      ['There', /^AccessDenied/],
    ] as const) {
      const client = connect(fixture.cloud, name);
      expect(await told(client.listTables({}))).toMatch(answer);
      client.destroy();
    }
  });

  it('is denied the whole transaction for one part of it, and none of it is done', async () => {
    const fixture = await startCloud({ resources: role('Putter', [allow('dynamodb:PutItem', things)]) });
    const client = connect(fixture.cloud, 'Putter');
    const TransactItems = [
      { Put: { TableName: fixture.things, Item: key } },
      { Delete: { TableName: fixture.things, Key: { ...key, part: { S: 'x' } } } },
    ];
    expect(await told(client.transactWriteItems({ TransactItems }))).toMatch(/^AccessDenied.*dynamodb:DeleteItem on/);
    expect((await fixture.client.scan({ TableName: fixture.things })).Items).toEqual([]);
    client.destroy();
  });

  it('is denied by a Deny of its own, whatever else allows it', async () => {
    const statements = [allow('dynamodb:*', '*'), { ...allow('dynamodb:DeleteItem', things), Effect: 'Deny' }];
    const fixture = await startCloud({ resources: role('Keeper', statements) });
    const client = connect(fixture.cloud, 'Keeper');
    expect(await told(client.deleteItem({ TableName: fixture.things, Key: key }))).toMatch(
      /with an explicit deny in an identity-based policy$/,
    );
    client.destroy();
  });

  it('invokes and receives only what it was granted', async () => {
    const fixture = await startCloud({
      resources: role('Operator', [allow('lambda:InvokeFunction', { 'Fn::GetAtt': ['Worker', 'Arn'] })]),
      outputs: { Url: { Value: { Ref: 'Failures' } } },
    });
    const invoke = async (name: string) => {
      const lambda = new LambdaClient(as(fixture, name));
      return await told(lambda.send(new InvokeCommand({ FunctionName: 'Fixture-Worker' }))).finally(() =>
        lambda.destroy(),
      );
    };
    expect(await invoke('Operator')).toBe('done');
    expect(await invoke('WorkerRole')).toBe('done');
    const sqs = new SQSClient(as(fixture, 'Operator'));
    const attributes = new GetQueueAttributesCommand({ QueueUrl: fixture.cloud.outputs.Url, AttributeNames: ['All'] });
    expect(await told(sqs.send(attributes))).toMatch(/^AccessDenied.*sqs:GetQueueAttributes on resource: arn:aws:sqs:/);
    sqs.destroy();
  });

  it('learns by a dry run whether it may invoke, and nothing runs', async () => {
    const worker = { 'Fn::GetAtt': ['Worker', 'Arn'] };
    const fixture = await startCloud({
      resources: {
        ...role('Operator', [allow('lambda:InvokeFunction', worker)]),
        ...role('Other', [allow('sqs:*', '*')]),
      },
    });
    const dryRun = async (name: string) => {
      const lambda = new LambdaClient(as(fixture, name));
      const command = new InvokeCommand({ FunctionName: 'Fixture-Worker', InvocationType: 'DryRun' });
      return await told(lambda.send(command)).finally(() => lambda.destroy());
    };
    expect(await dryRun('Operator')).toBe('done');
    expect(await dryRun('Other')).toMatch(/^AccessDeniedException/);
    expect(fixture.cloud.functions()).toEqual({ Worker: [] });
  });

  it('may not invoke a function that it was not granted', async () => {
    const fixture = await startCloud({ resources: role('Putter', [allow('dynamodb:PutItem', things)]) });
    const lambda = new LambdaClient(as(fixture, 'Putter'));
    expect(await told(lambda.send(new InvokeCommand({ FunctionName: 'Fixture-Worker' })))).toMatch(
      /^AccessDeniedException: User: .* lambda:InvokeFunction on resource: arn:aws:lambda:.*:function:Fixture-Worker because/,
    );
    lambda.destroy();
  });
});

describe('a table’s policy', () => {
  const guarded = (statement: object): FixtureStack => ({
    resources: tablePolicy([{ Sid: 'S', Effect: 'Deny', Principal: '*', Resource: '*', ...statement }]),
  });
  const Key = { id: { S: 'a' } };
  const del = { TableName: 'Guarded', Key };

  it('holds for an administrator too, in statements of PartiQL as well, until it is lifted', async () => {
    const Action = ['dynamodb:DeleteItem', 'dynamodb:PartiQLDelete'];
    const { client, cloud } = await startCloud(guarded({ Action }));
    expect(await told(client.deleteItem(del))).toBe(
      'AccessDeniedException: User: arn:aws:iam::000000000000:user/outside is not authorized to perform: ' +
        'dynamodb:DeleteItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/Guarded with an explicit deny in a resource-based policy',
    );
    const Statement = 'DELETE FROM "Guarded" WHERE id = \'a\'';
    expect(await told(client.executeStatement({ Statement }))).toMatch(/^AccessDenied/);
    expect(await told(client.executeStatement({ Statement: `/**/ ${Statement}` }))).toMatch(/^AccessDenied/);
    expect(await told(client.putItem({ TableName: 'Guarded', Item: Key }))).toBe('done');

    const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Guarded';
    const { Policy } = await client.getResourcePolicy({ ResourceArn });
    await client.deleteResourcePolicy({ ResourceArn });
    expect(await told(client.getResourcePolicy({ ResourceArn }))).toMatch(/^PolicyNotFoundException/);
    expect(await told(client.deleteItem(del))).toBe('done');
    for (const none of ['none', '{}', '{"Statement": [{"Effect": "Deny"}]}']) {
      expect(await told(client.putResourcePolicy({ ResourceArn, Policy: none }))).toMatch(
        /^ValidationException: Invalid/,
      );
    }
    await client.putResourcePolicy({ ResourceArn, Policy });
    expect(await told(client.deleteItem(del))).toMatch(/^AccessDenied/);

    const glass = connect(cloud, cloud.breakGlassKeyId);
    expect(await told(glass.deleteItem(del))).toBe('done');
    glass.destroy();
  });

  it('sees the role of a session, and the operation that encloses an action', async () => {
    const stack = guarded({
      Action: 'dynamodb:DeleteItem',
      Condition: { StringNotEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' } },
    });
    const { client } = await startCloud(stack);
    expect(await told(client.deleteItem(del))).toMatch(/^AccessDenied/);
    expect(await told(client.transactWriteItems({ TransactItems: [{ Delete: del }] }))).toBe('done');

    const Condition = { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': ['WorkerRole', 'Arn'] } } };
    const other = await startCloud(guarded({ Action: 'dynamodb:DeleteItem', Condition }));
    const worker = connect(other.cloud, 'Worker');
    expect(await told(worker.deleteItem(del))).toBe('done');
    expect(await told(other.client.deleteItem(del))).toMatch(/^AccessDenied/);
    worker.destroy();
  });
});

describe('a template is refused', () => {
  it('for a function whose role does not let Lambda do its part', async () => {
    const resources = role('Bare', [allow('logs:CreateLogStream', '*'), allow('dynamodb:GetRecords', '*')]);
    const functionProperties = { Role: { 'Fn::GetAtt': ['Bare', 'Arn'] } };
    await expect(startCloud({ resources, functionProperties })).rejects.toMatchObject({
      code: 'iam.roleLacks',
      message: expect.stringMatching(
        /^function "Worker" can't work: User: .*logs:PutLogEvents on resource: .*; grant it$/,
      ),
    });
  });

  it.each([
    ['a stream that its mapping can’t read', 'dynamodb:DescribeStream'],
    ['the streams that it can’t list', 'dynamodb:ListStreams'],
    ['a queue that it can’t send to', 'sqs:SendMessage'],
  ])('for %s', async (_, action) => {
    const resources = role('Most', [allow('*', '*'), { Effect: 'Deny', Action: action, Resource: '*' }]);
    const functionProperties = { Role: { 'Fn::GetAtt': ['Most', 'Arn'] } };
    await expect(startCloud({ resources, functionProperties })).rejects.toMatchObject({
      code: 'iam.roleLacks',
      message: expect.stringContaining(`perform: ${action} on resource`),
    });
  });

  it.each([
    ['a function without a role', { Role: undefined }, 'template.invalidProperty'],
    ['a role that is not in it', { Role: 'arn:aws:iam::000000000000:role/Other' }, 'template.invalidProperty'],
  ])('for %s', async (_, functionProperties, code) => {
    await expect(startCloud({ functionProperties })).rejects.toMatchObject({ code });
  });

  it.each([
    ['a role', role('Odd', [{ Effect: 'Allow', Action: 'dynamodb:GetItem' }])],
    ['a table', tablePolicy([{ Effect: 'Deny', Principal: '*', Resource: '*' }])],
  ])('for a policy of %s that IAM would not take', async (_, resources) => {
    await expect(startCloud({ resources })).rejects.toMatchObject({ code: 'iam.invalidPolicy' });
  });

  it('for what its roles have that is not evaluated', async () => {
    const resources = role('Odd', [allow('*', '*')], {
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
    });
    await expect(startCloud({ resources })).rejects.toMatchObject({ code: 'template.unknownProperty' });
  });
});
