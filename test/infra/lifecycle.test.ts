/**
 * What follows from SwarmKit's kinds, beside the synthesized template: keys, indexes, streams, filters, permissions, and who may delete.
 * Where the general form differs on purpose, the difference is named here, with its reason.
 */
import type { Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';
import { createWorld, functionNames, streamFunctions, tableNames } from './world.ts';

/** One table for all that is held by value, whatever its kind: an attachment's keys are two names. */
const ATTACHMENT_KEYS = ['held', 'holder'];
/** Both images for every kind from the start: a view type can't be changed in place, so a later choice would replace the stream. */
const BOTH_IMAGES = 'tasks';

interface Table {
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions: readonly { readonly AttributeType: string }[];
  readonly StreamSpecification?: { readonly StreamViewType: string };
  readonly GlobalSecondaryIndexes?: readonly (Pick<Table, 'KeySchema'> & {
    readonly IndexName: string;
    readonly Projection: object;
  })[];
  readonly ResourcePolicy: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } };
}
interface Statement {
  readonly Sid: string;
  readonly Condition?: { readonly ArnNotEquals?: { readonly 'aws:PrincipalArn': readonly unknown[] } };
}

const keysOf = ({ KeySchema }: Pick<Table, 'KeySchema'>) => KeySchema.map(({ AttributeName }) => AttributeName);
const plannedKeys = ({ partitionKey, sortKey }: Pick<TablePlan, 'partitionKey' | 'sortKey'>) => [
  partitionKey,
  ...(sortKey === undefined ? [] : [sortKey]),
];

describe.each([
  ['without a choice', {}],
  ['with each choice', { taskIsGone: 'terminal', stopTasks: true, taskNetworks: true } as const],
])('SwarmKit’s kinds, %s', (_, choice) => {
  const world = createWorld(choice);
  const plan = planOf(swarmkit(choice));
  const tableOf = (name: (typeof tableNames)[number]) =>
    world.propertiesOf(world.deallocator.tables[name]) as unknown as Table;
  const planned = (name: string) => plan.tables[name] as TablePlan;

  it.each(tableNames)('table %s has the keys, the stream and the index of the plan', (name) => {
    const { stream, markedIndex, constructId } = planned(name);
    const table = tableOf(name);
    expect(world.deallocator.tables[name].node.id).toBe(constructId);
    expect(name === 'attachments' ? ATTACHMENT_KEYS : keysOf(table)).toEqual(plannedKeys(planned(name)));
    expect(new Set(table.AttributeDefinitions.map(({ AttributeType }) => AttributeType))).toEqual(new Set(['S']));
    const carried = table.StreamSpecification?.StreamViewType;
    expect(name === BOTH_IMAGES ? 'NEW_AND_OLD_IMAGES' : carried).toBe(stream);
    expect(table.GlobalSecondaryIndexes?.map((index) => [index.IndexName, ...keysOf(index)])).toEqual(
      markedIndex && [[markedIndex.name, ...plannedKeys(markedIndex)]],
    );
  });

  it.each(tableNames)('table %s denies deletes as planned', (name) => {
    const statements = tableOf(name).ResourcePolicy.PolicyDocument.Statement;
    const sids = statements.map(({ Sid }) => Sid);
    const { by, inTransaction } = planned(name).deletes ?? {};
    expect(sids.includes('OnlyTheDeallocatorDeletes')).toBe(by === 'deallocator');
    expect(sids.includes('NobodyChangesOrDeletes')).toBe(by === 'nobody');
    expect(sids.includes('DeletesOnlyInTransactions')).toBe(inTransaction === true && by !== 'nobody');
    expect(sids.includes('NoOtherWayToDelete')).toBe(by === 'deallocator' || by === 'granted');
    const roles = statements.find(({ Sid }) => Sid === 'OnlyTheDeallocatorDeletes')?.Condition?.ArnNotEquals?.[
      'aws:PrincipalArn'
    ];
    const deleting = functionNames.filter((one) => plan.permissions[one]?.[name]?.includes('DeleteItem'));
    const arns = deleting.map((one) => world.stack.resolve((world.deallocator.functions[one].role as Role).roleArn));
    expect(roles).toEqual(by === 'deallocator' ? arns : undefined);
  });

  it.each(functionNames)('%s may do to tables what is planned', (name) => {
    const tables = Object.entries(world.rolePermissions(name)).flatMap(([resource, actions]) => {
      const [table] = resource.split('/');
      const isTable = tableNames.some((one) => one === table) && !resource.endsWith('/stream');
      return isTable
        ? [[resource.replace('/index/', '/'), actions.map((action) => action.replace('dynamodb:', '')).sort()]]
        : [];
    });
    const may = Object.entries(plan.permissions[name] ?? {}).map(([target, actions]) => [target, [...actions].sort()]);
    expect(Object.fromEntries(tables)).toEqual(Object.fromEntries(may));
  });

  it.each(streamFunctions)('%s is woken as planned', (name) => {
    const { constructId, table, filters, batchingWindowSeconds } = plan.functions[name] ?? {};
    const { EventSourceArn, FilterCriteria, MaximumBatchingWindowInSeconds } = world.mappingOf(name);
    const { Filters = [] } = (FilterCriteria ?? {}) as { readonly Filters?: readonly { readonly Pattern: string }[] };
    expect(world.nameOf(EventSourceArn)).toBe(`${table}/stream`);
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual(filters);
    expect(MaximumBatchingWindowInSeconds).toBe(batchingWindowSeconds);
    expect(world.deallocator.functions[name].node.path).toContain(`/${constructId}`);
  });

  it('there are no other tables, functions and streams', () => {
    expect(Object.keys(plan.tables).sort()).toEqual([...tableNames].sort());
    expect(Object.keys(plan.permissions).sort()).toEqual([...functionNames].sort());
    world.template.resourceCountIs('AWS::DynamoDB::Table', Object.keys(plan.tables).length);
    world.template.resourceCountIs('AWS::Lambda::EventSourceMapping', Object.keys(plan.functions).length);
  });
});
