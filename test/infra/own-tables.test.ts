import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, Billing, type ITable, StreamViewType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, test } from 'vitest';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { TABLES } from '../support/swarmkit.ts';
import { INDEX, rightProps, rightTable, string } from './brought.ts';
import { type SwarmkitDeallocator, tableNames } from './world.ts';

const region = { env: { region: 'eu-central-1' } };

function rightTableV2(stack: Stack, name: TableName): TableV2 {
  const { stream, ...props } = rightProps(name);
  return new TableV2(stack, `Own-${name}`, {
    ...props,
    billing: Billing.onDemand(),
    ...(stream && { dynamoStream: stream }),
    ...(TABLES[name].markedIndex && { globalSecondaryIndexes: [INDEX] }),
  });
}

/** A deallocator over the given tables; synthesizing it tells what is wrong with them. */
function deploy(bring: (stack: Stack) => Partial<Record<TableName, ITable>>, props: DeallocatorProps = {}) {
  const app = new App();
  const stack = new Stack(app, 'Own', region);
  const deallocator = new Deallocator(stack, 'Deallocator', { ...props, tables: bring(stack) }) as SwarmkitDeallocator;
  return { stack, deallocator, synth: () => Template.fromStack(stack) };
}

describe('tables that are brought', () => {
  test.each([
    ['Table', rightTable],
    ['TableV2', rightTableV2],
  ] as const)(
    'get the policies that let the deallocator alone delete, if they are a %s of the same stack',
    (_, create) => {
      const { synth } = deploy((of) => ({ services: create(of, 'services') }));
      const { Resources } = synth().toJSON();
      const own = Object.entries(Resources).find(([id]) => id.startsWith('Ownservices'))?.[1];
      expect(JSON.stringify(own)).toContain('OnlyTheDeallocatorDeletes');
    },
  );

  test('are warned of if they are imported, or of another stack', () => {
    const { stack } = deploy((of) => ({
      counters: Table.fromTableName(of, 'Imported', 'counters'),
      networks: rightTable(new Stack(of.node.root as App, 'Other', region), 'networks'),
    }));
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('docs/break-glass.md'));
    expect(warnings.map(({ entry }) => /tables\.\w+/.exec(String(entry.data))?.[0]).sort()).toEqual([
      'tables.counters',
      'tables.networks',
    ]);
  });

  test.each([
    ['Table', rightTable],
    ['TableV2', rightTableV2],
  ] as const)('are used instead of new ones, if they are a %s as the schema says', (_, create) => {
    const { stack, deallocator, synth } = deploy((of) =>
      Object.fromEntries(tableNames.map((name) => [name, create(of, name)])),
    );
    const template = synth();
    const count = (type: string) => Object.keys(template.findResources(type)).length;
    expect(count('AWS::DynamoDB::Table') + count('AWS::DynamoDB::GlobalTable')).toBe(6);
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 4);
    const { tableStreamArn } = deallocator.tables.tasks;
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: stack.resolve(tableStreamArn),
    });
  });

  test('may be some of them, and another stack’s', () => {
    const app = new App();
    const theirs = new Stack(app, 'Theirs', region);
    const ours = new Stack(app, 'Ours', region);
    const tasks = rightTable(theirs, 'tasks');
    const { tables } = new Deallocator(ours, 'Deallocator', { tables: { tasks } });
    expect(tables.tasks).toBe(tasks);
    Template.fromStack(ours).resourceCountIs('AWS::DynamoDB::Table', 5);
  });

  test('may be imported, with their stream', () => {
    const arn = 'arn:aws:dynamodb:eu-central-1:111122223333:table/tasks';
    const imported = (stack: Stack, tableStreamArn?: string) =>
      Table.fromTableAttributes(stack, 'Imported', { tableArn: arn, ...(tableStreamArn && { tableStreamArn }) });
    const { synth } = deploy((stack) => ({ tasks: imported(stack, `${arn}/stream/now`) }));
    synth().hasResourceProperties('AWS::Lambda::EventSourceMapping', { EventSourceArn: `${arn}/stream/now` });
    expect(() => deploy((stack) => ({ tasks: imported(stack) }))).toThrow(
      /^Own\/Deallocator: tables.tasks has no stream; .*NEW_AND_OLD_IMAGES, or its tableStreamArn/,
    );
  });

  const wrong: [what: string, bring: (stack: Stack) => Partial<Record<TableName, ITable>>, message: RegExp][] = [
    [
      'another key',
      (stack) => ({ tasks: new Table(stack, 'T', { partitionKey: string('id'), stream: StreamViewType.KEYS_ONLY }) }),
      /tables.tasks \("Own\/T"\) has the key id, and must have serviceId, id/,
    ],
    [
      'a key that is a number',
      (stack) => ({ counters: new Table(stack, 'T', { partitionKey: { name: 'id', type: AttributeType.NUMBER } }) }),
      /has "id" of type N, and must have it of type S/,
    ],
    [
      'no index',
      (stack) => ({ services: new Table(stack, 'T', rightProps('services')) }),
      /has no index "marked" on id, markedAt: add it/,
    ],
    [
      'a stream that shows too little',
      (stack) => {
        const table = new Table(stack, 'T', { partitionKey: string('id'), stream: StreamViewType.NEW_IMAGE });
        table.addGlobalSecondaryIndex(INDEX);
        return { networks: table };
      },
      /has a stream of view type NEW_IMAGE, and must have NEW_AND_OLD_IMAGES/,
    ],
    [
      'replicas',
      (stack) => ({
        counters: new TableV2(stack, 'T', { partitionKey: string('id'), replicas: [{ region: 'eu-west-1' }] }),
      }),
      /tables.counters .* has replicas: each Region would count each removal/,
    ],
  ];

  test('are refused with what DynamoDB would do to them on its own: time to live, replicas of either construct', () => {
    const expiring = (name: TableName, timeToLiveAttribute: string) => () =>
      deploy((stack) => {
        const table = new Table(stack, 'T', { ...rightProps(name), timeToLiveAttribute });
        if (TABLES[name].markedIndex) table.addGlobalSecondaryIndex(INDEX);
        return { [name]: table };
      }).synth();
    for (const name of ['services', 'networks', 'attachments', 'counters'] as const) {
      expect(expiring(name, 'gone')).toThrow(/has a time to live by "gone", .* without a proof: take it away/);
    }
    expect(expiring('receipts', 'gone')).toThrow(/by "gone", and must have it by "expiresAt" or not at all/);
    expiring('receipts', 'expiresAt')();
    expiring('tasks', 'gone')();

    const replicated = (create: (stack: Stack) => ITable) => deploy((stack) => ({ counters: create(stack) })).synth;
    const message = /tables.counters \("Own\/T"\) has replicas: each Region would count/;
    const props = { partitionKey: string('id') };
    expect(replicated((stack) => new Table(stack, 'T', { ...props, replicationRegions: ['eu-west-1'] }))).toThrow(
      message,
    );
    const added = (stack: Stack) => {
      const table = new TableV2(stack, 'T', props);
      table.addReplica({ region: 'eu-west-1' });
      return table;
    };
    expect(replicated(added)).toThrow(message);
  });

  test('are refused if they are of another Region or account, however they are named', () => {
    const home = { account: '111122223333', region: 'eu-central-1' };
    const deployAt = (bring: (stack: Stack, app: App) => ITable) => () => {
      const app = new App();
      const stack = new Stack(app, 'Own', { env: home });
      new Deallocator(stack, 'Deallocator', { tables: { counters: bring(stack, app) } });
    };
    const arn = (region: string, account: string) => `arn:aws:dynamodb:${region}:${account}:table/counters`;
    const imported = (tableArn: string) => deployAt((stack) => Table.fromTableArn(stack, 'T', tableArn));
    imported(arn(home.region, home.account))();
    expect(imported(arn('eu-west-1', home.account))).toThrow(
      /tables.counters .* is in the Region eu-west-1, and must be in eu-central-1; use one of the stack's own Region/,
    );
    expect(imported(arn(home.region, '444455556666'))).toThrow(/is of the account 444455556666, and must be of 1111/);
    const elsewhere = deployAt((_, app) =>
      rightTable(new Stack(app, 'Other', { env: { ...home, region: 'eu-west-1' } }), 'counters'),
    );
    expect(elsewhere).toThrow(/is in the Region eu-west-1/);
    const replica = deployAt((stack) =>
      new TableV2(stack, 'T', { partitionKey: string('id'), replicas: [{ region: 'eu-west-1' }] }).replica('eu-west-1'),
    );
    expect(replica).toThrow(/is in the Region eu-west-1/);
  });

  test('have one deallocator, whether they are its own, brought, or imported twice', () => {
    const { stack, deallocator } = deploy((of) => ({ tasks: rightTable(of, 'tasks') }));
    const second = (tables: Partial<Record<TableName, ITable>>) => () => new Deallocator(stack, 'Second', { tables });
    expect(second({ counters: deallocator.tables.counters })).toThrow(
      /tables.counters is a table of "Own\/Deallocator" already, and a table can have one deallocator/,
    );
    const imported = (of: Stack, id: string) => Table.fromTableArn(of, id, 'arn:aws:dynamodb:eu-central-1::table/x');
    const other = deploy((of) => ({ counters: imported(of, 'One') }));
    expect(
      () => new Deallocator(other.stack, 'Second', { tables: { counters: imported(other.stack, 'Two') } }),
    ).toThrow(/is a table of "Own\/Deallocator" already/);
    const named = (of: Stack, id: string) => Table.fromTableName(of, id, 'both');
    expect(() => deploy((of) => ({ counters: named(of, 'A'), receipts: named(of, 'B') }))).toThrow(
      /tables.counters and tables.receipts are the same table/,
    );
  });

  test('set their own time to live: the prop would be heeded by nobody', () => {
    expect(() =>
      deploy((stack) => ({ tasks: rightTable(stack, 'tasks') }), { expiryAttributes: { tasks: 'expiresAt' } }),
    ).toThrow(/expiryAttributes.tasks is "expiresAt", which a table that you bring would not heed/);
  });

  test.each(wrong)('are refused with %s when the app is synthesized', (_, bring, message) => {
    expect(deploy(bring).synth).toThrow(message);
  });

  test('are refused without a stream, or as two of the six, at once', () => {
    const bare = (stack: Stack) => ({ tasks: new Table(stack, 'T', { partitionKey: string('serviceId') }) });
    expect(() => deploy(bare)).toThrow(/tables.tasks has no stream; give "Own\/T" one of view type NEW_AND_OLD_IMAGES/);
    const shared = (stack: Stack) => {
      const table = rightTable(stack, 'services');
      return { services: table, networks: table };
    };
    expect(() => deploy(shared)).toThrow(/tables.services and tables.networks are the same table/);
  });

  test('need no more in their stream than their kind does: a created one has both images, for a later choice', () => {
    const bring = (stack: Stack) => ({ tasks: rightTable(stack, 'tasks') });
    deploy(bring, { taskIsGone: 'terminal' }).synth();
    const bringLess = (stack: Stack) => ({
      tasks: new Table(stack, 'T', { ...rightProps('tasks'), stream: StreamViewType.KEYS_ONLY }),
    });
    deploy(bringLess, { stopTasks: true }).synth();
    for (const props of [{ taskIsGone: 'terminal' }, { taskNetworks: true }] as const) {
      expect(deploy(bringLess, props).synth).toThrow(/KEYS_ONLY, and must have NEW_AND_OLD_IMAGES/);
    }
  });
});
