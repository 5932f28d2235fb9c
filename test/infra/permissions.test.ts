import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { createWorld, functionNames, permissions } from './world.ts';

const world = createWorld();

/** Written out here, and not taken from the code: the second opinion is the point. */
const settleServiceAlone = {
  counters: ['GetItem', 'UpdateItem', 'DeleteItem', 'BatchGetItem', 'PartiQLUpdate'],
  services: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'],
  tasks: ['Query', 'PartiQLSelect'],
  networks: ['GetItem', 'BatchGetItem', 'DeleteItem'],
  attachments: ['Query', 'PartiQLSelect', 'DeleteItem'],
  receipts: ['PutItem'],
};
const settleNetworkAlone = {
  counters: ['GetItem', 'UpdateItem', 'DeleteItem', 'BatchGetItem', 'PartiQLUpdate'],
  networks: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'],
  attachments: ['Query', 'PartiQLSelect'],
  receipts: ['PutItem'],
};
const expected = {
  'task-deleted': { stream: 'tasks', tables: settleServiceAlone },
  'attachment-deleted': { stream: 'attachments', tables: settleNetworkAlone },
  'service-updated': {
    stream: 'services',
    tables: {
      ...settleServiceAlone,
      services: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'],
      attachments: ['GetItem', 'Query', 'PartiQLSelect', 'DeleteItem', 'PutItem', 'BatchGetItem'],
    },
  },
  'network-updated': { stream: 'networks', tables: settleNetworkAlone },
  sweep: {
    stream: undefined,
    tables: {
      counters: ['GetItem', 'UpdateItem', 'DeleteItem', 'BatchGetItem', 'PartiQLUpdate', 'Scan'],
      services: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem', 'Scan'],
      tasks: ['Query', 'PartiQLSelect'],
      networks: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'Scan'],
      attachments: ['GetItem', 'Query', 'PartiQLSelect', 'DeleteItem', 'PutItem', 'BatchGetItem'],
      receipts: ['PutItem'],
      'services/index/marked': ['Scan'],
      'networks/index/marked': ['Scan'],
    },
  },
} as const;

function dynamodb(tables: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(tables).map(([name, actions]) => [name, actions.map((action) => `dynamodb:${action}`).sort()]),
  );
}

describe('function permissions', () => {
  test.each(functionNames)('%s may do what it needs and nothing else', (name) => {
    const { stream, tables } = expected[name];
    expect(world.rolePermissions(name)).toEqual({
      [`${name}/logs`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ...dynamodb(tables),
      ...(stream && {
        [`${stream}/stream`]: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        '*': ['dynamodb:ListStreams'],
      }),
      queue: ['sqs:SendMessage'],
    });
  });

  test('only who stops tasks may change one, and only where that is chosen', () => {
    const stopping = createWorld({ stopTasks: true });
    const changers = functionNames.filter((name) =>
      stopping.rolePermissions(name).tasks?.includes('dynamodb:UpdateItem'),
    );
    expect(changers).toEqual(['service-updated', 'sweep']);
    for (const name of changers) {
      expect(stopping.rolePermissions(name).services).toContain('dynamodb:ConditionCheckItem');
      expect(world.rolePermissions(name).tasks).toEqual(['dynamodb:PartiQLSelect', 'dynamodb:Query']);
    }
  });

  test('only where tasks hold networks do functions read single tasks and set their attachments right', () => {
    const holding = createWorld({ taskNetworks: true });
    for (const name of ['task-deleted', 'sweep'] as const) {
      const { tasks, attachments } = holding.rolePermissions(name);
      const once = ['BatchGetItem', 'ConditionCheckItem', 'GetItem', 'PartiQLSelect', 'Query'];
      // The sweep reads tasks that are older than their declaration whole, once.
      expect(tasks).toEqual((name === 'sweep' ? [...once, 'Scan'] : once).map((action) => `dynamodb:${action}`));
      expect(attachments).toEqual(expect.arrayContaining(['dynamodb:BatchGetItem', 'dynamodb:PutItem']));
      expect(world.rolePermissions(name).tasks).toEqual(['dynamodb:PartiQLSelect', 'dynamodb:Query']);
    }
    expect(createWorld({ taskIsGone: 'terminal' }).rolePermissions('sweep').tasks).toEqual(['dynamodb:Query']);
    expect(world.rolePermissions('task-deleted').attachments).not.toContain('dynamodb:PutItem');
  });

  test('each function has its own role, without a managed policy, for Lambda only', () => {
    const roles = Object.values(world.template.findResources('AWS::IAM::Role')).map((role) => role.Properties);
    expect(roles).toHaveLength(functionNames.length);
    for (const role of roles) {
      expect(role).not.toHaveProperty('ManagedPolicyArns');
      expect(role.AssumeRolePolicyDocument.Statement).toEqual([
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
      ]);
    }
  });

  test('no role allows an action by wildcard, or anything on every resource', () => {
    const roles = Object.values(world.template.findResources('AWS::IAM::Role'));
    const policies = Object.values(world.template.findResources('AWS::IAM::Policy'));
    expect(policies).toHaveLength(functionNames.length);
    // ListStreams knows no resource.
    const all = JSON.stringify([roles, policies]);
    const others = all.replaceAll('{"Action":"dynamodb:ListStreams","Effect":"Allow","Resource":"*"}', '');
    expect(others.length).toBeLessThan(all.length);
    expect(others).not.toMatch(/"[a-z]+:[A-Za-z]*\*"|"Resource":"\*"|"NotAction"|"NotResource"/);
  });

  test('only the functions whose work it is may delete a service or a network', () => {
    const deleters = (table: string) =>
      functionNames.filter((name) => world.rolePermissions(name)[table]?.includes('dynamodb:DeleteItem'));
    expect(deleters('services')).toEqual(['service-updated', 'task-deleted', 'sweep']);
    expect(deleters('networks')).toEqual(functionNames);
    expect(deleters('tasks')).toEqual([]);
  });
});

describe('grants', () => {
  function granted(give: (world: ReturnType<typeof createWorld>, role: Role) => void) {
    const fresh = createWorld();
    const role = new Role(fresh.stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    give(fresh, role);
    return permissions(fresh.statementsOf(role));
  }

  const guarded = ['DescribeTable', 'DescribeTimeToLive', 'GetResourcePolicy'];
  const described = ['lambda:GetFunctionConcurrency', 'lambda:GetFunctionConfiguration'];

  test('grantRead lets read tables and indexes, and change nothing', () => {
    expect(granted(({ deallocator }, role) => deallocator.grantRead(role).assertSuccess())).toEqual({
      ...dynamodb({
        services: [...guarded, 'GetItem', 'BatchGetItem', 'Scan'],
        tasks: ['DescribeTable', 'BatchGetItem', 'Query', 'Scan'],
        networks: [...guarded, 'GetItem', 'BatchGetItem', 'Scan'],
        attachments: [...guarded, 'BatchGetItem', 'Query', 'Scan'],
        counters: [...guarded, 'GetItem', 'BatchGetItem', 'Scan'],
        receipts: [...guarded, 'GetItem', 'Query', 'Scan'],
        'services/index/marked': ['Scan'],
        'networks/index/marked': ['Scan'],
      }),
      sweep: described,
    });
  });

  test('grantWrite lets use the client, and delete no service, network or counter', () => {
    expect(granted(({ deallocator }, role) => deallocator.grantWrite(role).assertSuccess())).toEqual(
      dynamodb({
        services: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Scan'],
        'services/index/marked': ['Scan'],
        networks: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Scan'],
        'networks/index/marked': ['Scan'],
        tasks: ['BatchGetItem', 'PutItem', 'BatchWriteItem', 'Query'],
        attachments: ['PutItem', 'DeleteItem', 'Query'],
        counters: ['GetItem'], // whether what uses a network is being counted
      }),
    );
  });

  test('grantOperate lets use the command line, and delete nothing', () => {
    const records = ['dynamodb:GetRecords', 'dynamodb:GetShardIterator'];
    expect(granted(({ deallocator }, role) => deallocator.grantOperate(role).assertSuccess())).toEqual({
      ...dynamodb({
        services: [...guarded, 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Scan'],
        'services/index/marked': ['Scan'],
        networks: [...guarded, 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Scan'],
        'networks/index/marked': ['Scan'],
        tasks: ['DescribeTable', 'BatchGetItem', 'PutItem', 'Query', 'Scan'],
        attachments: [...guarded, 'BatchGetItem', 'PutItem', 'Query', 'Scan'],
        counters: [...guarded, 'GetItem', 'BatchGetItem', 'Scan'],
        receipts: [...guarded, 'GetItem', 'Query', 'Scan'],
      }),
      sweep: [...described, 'lambda:InvokeFunction'],
      'services/stream': records,
      'tasks/stream': records,
      'networks/stream': records,
      'attachments/stream': records,
      queue: ['sqs:DeleteMessage', 'sqs:ReceiveMessage'],
    });
  });

  test('grantSweep lets start a sweep', () => {
    expect(granted(({ deallocator }, role) => deallocator.grantSweep(role).assertSuccess())).toEqual({
      sweep: ['lambda:InvokeFunction'],
    });
  });
});
