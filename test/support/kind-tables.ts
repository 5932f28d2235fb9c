/** The tables of any lifecycle in a database of the test's own, and a client of it. */
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';
import { connectRaw, ownConnection } from './dynamodb.ts';

/** A database with the lifecycle's tables, under names that differ from the lifecycle's on purpose. */
export async function kindTables(lifecycle: Lifecycle) {
  const plan = planOf(lifecycle);
  const connection = ownConnection();
  const db: DynamoDBDocumentClient = connectRaw(connection);
  const tables = Object.fromEntries(Object.keys(plan.tables).map((name) => [name, `Own-${name}`]));
  for (const [name, table] of Object.entries(plan.tables)) {
    await db.send(new CreateTableCommand(inputOf(tables[name] as string, table)));
  }
  const items = async (name: string) =>
    (await db.send(new ScanCommand({ TableName: tables[name], ConsistentRead: true }))).Items ?? [];
  const attachments = async () => (await items('attachments')).map(({ held, holder }) => `${held} < ${holder}`).sort();
  const plain = new DynamoDBClient({ ...connection, maxAttempts: 10 });
  return { connection, db, plain, tables, items, attachments };
}

function inputOf(TableName: string, { partitionKey, sortKey, markedIndex }: TablePlan): CreateTableCommandInput {
  const keys = (hash: string, range: string | undefined) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
  ];
  const named = [partitionKey, sortKey, markedIndex?.partitionKey, markedIndex?.sortKey];
  const attributes = [...new Set(named.filter((name) => name !== undefined))];
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys(partitionKey, sortKey),
    AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
    ...(markedIndex && {
      GlobalSecondaryIndexes: [
        {
          IndexName: markedIndex.name,
          KeySchema: keys(markedIndex.partitionKey, markedIndex.sortKey),
          Projection: { ProjectionType: 'KEYS_ONLY' as const },
        },
      ],
    }),
  };
}
