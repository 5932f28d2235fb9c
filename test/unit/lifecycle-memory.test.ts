/** The tables and functions of one's own kinds in memory: keys, streams, filters and index as the plan has them. */

import { ExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { memoryClient, memoryNames } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { mappingFilter, streamedTables } from '../../lib/testing/memory/stream-functions.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

const PLAN: Plan = planOf({
  kinds: {
    shelf: { table: 'shelves', key: { pk: 'S#${shelf}', sk: 'shelf' } },
    book: {
      table: 'books',
      key: { pk: 'S#${shelf}', sk: 'B#${book}' },
      dependsOn: [{ kind: 'shelf', by: 'key' }],
    },
  },
  attributes: { pendingDelete: 'removing', markedAt: 'removedAt' },
});

function library() {
  const tables = new MemoryTables(0, PLAN);
  const names: Readonly<Record<string, string>> = memoryNames(PLAN);
  const engine = new MemoryEngine({ tables, names });
  const db = DynamoDBDocumentClient.from(memoryClient((operation, input) => engine.carryOut(operation, input)));
  for (const sk of ['B#1', 'B#2', 'notes', 'shelf']) tables.put('books', { pk: 'S#a', sk });
  tables.put('books', { pk: 'S#b', sk: 'B#1' });
  return { tables, db, names, TableName: names.books };
}

describe('tables in memory', () => {
  it('are those of the plan, and no others', () => {
    const { tables } = library();
    expect(Object.keys(tables.streams)).toEqual(['shelves', 'books', 'counters', 'receipts']);
    expect(() => tables.list('tasks')).toThrow(
      'there is no table "tasks"; there are shelves, books, counters, receipts',
    );
    expect(streamedTables(PLAN)).toEqual(['books', 'shelves']);
  });

  it.each([
    ['begins_with(sk, :t)', 'B#', ['B#1', 'B#2']],
    ['sk = :t', 'B#2', ['B#2']],
    ['sk = :t', 'B#3', []],
  ])('are queried by partition and by %s', async (onSort, t, found) => {
    const { db, TableName } = library();
    const query = {
      KeyConditionExpression: `pk = :p AND ${onSort}`,
      ExpressionAttributeValues: { ':p': 'S#a', ':t': t },
    };
    const { Items = [] } = await db.send(new QueryCommand({ TableName, ...query }));
    expect(Items.map(({ sk }) => sk)).toEqual(found);
  });

  it.each(['pk = :p AND other = :t', 'begins_with(pk, :p) AND sk = :t', 'sk = :t AND sk = :p'])(
    'are not queried by %s',
    async (KeyConditionExpression) => {
      const { db, TableName } = library();
      const query = { KeyConditionExpression, ExpressionAttributeValues: { ':p': 'S#a', ':t': 'B#' } };
      await expect(db.send(new QueryCommand({ TableName, ...query }))).rejects.toThrow();
    },
  );

  it.each([
    [' AND begins_with("sk", ?)', 'B#', 3],
    [' AND "sk" = ?', 'shelf', 1],
    ['', undefined, 5],
  ])('are read in several partitions%s', async (onSort, text, count) => {
    const { db, TableName } = library();
    const Parameters = ['S#a', 'S#b', ...(text === undefined ? [] : [text])].map((S) => ({ S }));
    const Statement = `SELECT "pk" FROM "${TableName}" WHERE "pk" IN [?, ?]${onSort}`;
    const read = await db.send(
      new ExecuteStatementCommand({ Statement, Parameters: Parameters as [{ S: string }], ConsistentRead: true }),
    );
    expect(read.Items).toHaveLength(count);
  });

  it('have an index over what is marked by the name that the lifecycle gave the attribute', async () => {
    const { tables, db, names } = library();
    const TableName = names.shelves;
    tables.put('shelves', { pk: 'S#a', sk: 'shelf', removing: true, removedAt: 'm1' });
    tables.put('shelves', { pk: 'S#b', sk: 'shelf', pendingDelete: true, markedAt: 'm1' });
    const { Items } = await db.send(new ScanCommand({ TableName, IndexName: 'marked' }));
    expect(Items).toEqual([{ pk: 'S#a', sk: 'shelf', removedAt: 'm1' }]);
    const odd = db.send(new PutCommand({ TableName, Item: { pk: 'S#c', sk: 'shelf', removedAt: 1 } }));
    await expect(odd).rejects.toThrow('Type mismatch for Index Key removedAt');
  });

  it('have streams, of which the mappings let through what the plan says', () => {
    const { tables } = library();
    const isWanted = mappingFilter(PLAN);
    const kept = () =>
      (tables.streams.books ?? []).filter((record) => isWanted('books', record)).map(({ eventName }) => eventName);
    expect(kept()).toEqual([]);
    tables.delete('books', { pk: 'S#a', sk: 'notes' });
    tables.delete('books', { pk: 'S#a', sk: 'B#1' });
    expect(kept()).toEqual(['REMOVE']);
    tables.put('shelves', { pk: 'S#a', sk: 'other', removing: true });
    tables.put('shelves', { pk: 'S#a', sk: 'shelf', removing: true });
    expect(tables.streams.shelves?.map((record) => isWanted('shelves', record))).toEqual([false, true]);
    expect(tables.streams.counters).toEqual([]);
  });
});
