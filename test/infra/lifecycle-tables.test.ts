/** Tables that are there before the deallocator, with keys of their own, as kinds of one's own. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, type CfnTable, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, test } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { Deallocator } from '../../lib/infra/index.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { INDEX, rightProps, rightTable, string } from './brought.ts';

/** A deallocator over the given tables; synthesizing it tells what is wrong with them. */
function deploy(lifecycle: Lifecycle, bring: (stack: Stack) => Readonly<Record<string, ITable>>) {
  const stack = new Stack(new App(), 'Own', { env: { region: 'eu-central-1' } });
  const deallocator = new Deallocator(stack, 'Deallocator', { lifecycle, tables: bring(stack) });
  return { stack, tables: deallocator.tables, synth: () => Template.fromStack(stack) };
}

describe('tables that are brought for kinds of one’s own', () => {
  const planned = (lifecycle: Lifecycle): Plan => planOf(lifecycle);
  const kindTables = (plan: Plan) => [...new Set(Object.values(plan.kinds).map(({ table }) => table))];
  const MARKED_OTHERWISE = defineLifecycle({
    kinds: {
      shelf: { table: 'shelves', key: { room: '${room}', shelf: '${shelf}' } },
      book: {
        table: 'books',
        key: { room: '${room}', place: '${shelf}#${book}' },
        dependsOn: [{ kind: 'shelf', by: 'key' }],
      },
    },
    attributes: { markedAt: 'goingSince' },
  });

  test.each([
    ['IDEAS', IDEAS],
    ['SANDBOX', SANDBOX],
    ['CHATBOT', CHATBOT],
    ['MARKED_OTHERWISE', MARKED_OTHERWISE],
  ])('are used with their own keys: %s', (_, lifecycle) => {
    const plan = planned(lifecycle);
    const names = kindTables(plan);
    const { synth } = deploy(lifecycle, (of) =>
      Object.fromEntries(names.map((name) => [name, rightTable(of, name, plan)])),
    );
    synth().resourceCountIs('AWS::DynamoDB::Table', Object.keys(plan.tables).length);
  });

  test.each<[what: string, table: string, props: object, message: RegExp]>([
    [
      'another key',
      'shelves',
      { partitionKey: string('id') },
      /tables.shelves .* has the key id, shelf, and must have room, shelf: create it/,
    ],
    [
      'its keys the other way round',
      'shelves',
      { partitionKey: string('shelf'), sortKey: string('room') },
      /has the key shelf, room, and must have room, shelf/,
    ],
    [
      'a number for a key',
      'books',
      { sortKey: { name: 'place', type: AttributeType.NUMBER } },
      /has "place" of type N, and must have it of type S/,
    ],
    [
      'an index for marks of another name',
      'shelves',
      {},
      /has no index "marked" on room, goingSince: the one of that name is on id, markedAt: add it/,
    ],
    [
      'a time to live on what is guarded',
      'shelves',
      { timeToLiveAttribute: 'gone' },
      /has a time to live by "gone", .* without a proof/,
    ],
    [
      'a stream that shows too little',
      'shelves',
      { stream: StreamViewType.KEYS_ONLY },
      /has a stream of view type KEYS_ONLY, and must have NEW_AND_OLD_IMAGES/,
    ],
  ])('are refused with %s', (_, name, props, message) => {
    const plan = planned(MARKED_OTHERWISE);
    const bring = (stack: Stack) => {
      const table = new Table(stack, 'T', { ...rightProps(name, plan), ...props });
      if (name === 'shelves') table.addGlobalSecondaryIndex(INDEX);
      return { [name]: table };
    };
    expect(deploy(MARKED_OTHERWISE, bring).synth).toThrow(message);
  });

  test('may forget leaves by a time to live: that is counted as any removal', () => {
    const bring = (stack: Stack) => ({
      books: new Table(stack, 'T', {
        ...rightProps('books', planned(MARKED_OTHERWISE)),
        timeToLiveAttribute: 'lostAt',
      }),
    });
    deploy(MARKED_OTHERWISE, bring).synth();
  });

  test('get no lock where they may hold other items, and a warning that says so; created ones get it', () => {
    const plan = planned(SANDBOX);
    const sids = (template: Template, table: ITable | undefined, stack: Stack) => {
      const id = stack.getLogicalId(table?.node.defaultChild as CfnTable);
      const { Statement } = template.toJSON().Resources[id].Properties.ResourcePolicy.PolicyDocument;
      return (Statement as { Sid: string }[]).map(({ Sid }) => Sid);
    };
    const bring = (of: Stack) => ({
      blueprints: rightTable(of, 'blueprints', plan),
      leaseTemplates: rightTable(of, 'leaseTemplates', plan),
    });
    const brought = deploy(SANDBOX, bring);
    const { blueprints, leaseTemplates } = brought.tables;
    const template = brought.synth();
    expect(sids(template, blueprints, brought.stack)).toEqual(['TheTableStays', 'NoReplicas']);
    expect(sids(template, leaseTemplates, brought.stack)).toContain('OnlyTheDeallocatorDeletes');
    const warnings = Annotations.fromStack(brought.stack).findWarning(
      '*',
      Match.stringLikeRegexp('tables.blueprints .* may hold items of no kind'),
    );
    expect(warnings).toHaveLength(1);
    const created = deploy(SANDBOX, () => ({}));
    const { blueprints: own } = created.tables;
    expect(sids(created.synth(), own, created.stack)).toContain('OnlyTheDeallocatorDeletes');
  });
});
