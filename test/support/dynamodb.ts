/** A database of the test's own in the shared DynamoDB Local, with the six tables of the schema. */
import { randomUUID } from 'node:crypto';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import { readWorld } from '../../bin/demo/world.ts';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import type { PhysicalNames, SwarmkitNames, TableName } from '../../lib/dynamodb/schema.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import { BATCH_WRITE_ITEMS_MAX } from '../../lib/protocol/limits.ts';
import { TABLES } from './swarmkit.ts';

export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** Physical names differ from ours on purpose: a name that is used where the other belongs fails. */
export const PHYSICAL_NAMES = Object.fromEntries(TABLE_NAMES.map((name) => [name, `Test-${name}`])) as SwarmkitNames;

/** Leads to a database that no other test uses: DynamoDB Local keeps one for each access key. */
export function ownConnection(): Connection {
  return {
    endpoint: `http://127.0.0.1:${inject('enginePort')}`,
    region: 'us-east-1',
    credentials: { accessKeyId: `test${randomUUID().replaceAll('-', '')}`, secretAccessKey: 'local' },
  };
}

/** As a program without our client connects: with the SDK's own retries, for a machine that is busy. */
export function connectRaw(connection: Connection): DynamoDBDocumentClient {
  return documentClient(new DynamoDBClient({ ...connection, maxAttempts: 10 }));
}

export async function createDatabase(connection = ownConnection()): Promise<DynamoDBDocumentClient> {
  const db = connectRaw(connection);
  for (const name of TABLE_NAMES) await db.send(new CreateTableCommand(tableInput(name)));
  return db;
}

/** A database of its own with the tables of any kinds. */
export async function createTables({ tables }: Pick<Plan, 'tables'>) {
  const db = connectRaw(ownConnection());
  const names = Object.fromEntries(Object.keys(tables).map((name) => [name, `Test-${name}`]));
  for (const [name, planned] of Object.entries(tables)) {
    await db.send(new CreateTableCommand(plannedInput(planned, names[name] as string)));
  }
  return { db, names };
}

let own: { readonly connection: Connection; readonly db: DynamoDBDocumentClient } | undefined;
/** How often it was emptied. */
let lives = 0;

/**
 * The worker's own database, emptied: for tests that come one after another. A new one takes DynamoDB Local five times as long,
 * and threads for as long as it runs.
 */
export async function emptyDatabase(): Promise<NonNullable<typeof own>> {
  if (own === undefined) {
    const connection = ownConnection();
    own = { connection, db: await createDatabase(connection) };
    withTokensOfALife(own.db);
  }
  const { db } = own;
  await Promise.all(TABLE_NAMES.map((name) => emptyTable(db, name)));
  lives++;
  return own;
}

/** Tests count their tokens from the beginning, and the database remembers those of the test before. */
export function withTokensOfALife(sdk: Pick<DynamoDBClient, 'middlewareStack'>): void {
  sdk.middlewareStack.add(
    (next) => (args) => {
      const input = args.input as { readonly ClientRequestToken?: string };
      if (input.ClientRequestToken === undefined) return next(args);
      return next({
        ...args,
        input: { ...input, ClientRequestToken: `${lives}-${input.ClientRequestToken}` },
      } as never);
    },
    { step: 'initialize' },
  );
}

async function emptyTable(db: DynamoDBDocumentClient, name: TableName): Promise<void> {
  const { partitionKey, sortKey } = TABLES[name];
  const keys = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
  const TableName = PHYSICAL_NAMES[name];
  // The keys alone: tests write what the SDK can't read.
  const projection = {
    ProjectionExpression: keys.map((key) => `#${key}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(keys.map((key) => [`#${key}`, key])),
  };
  for (;;) {
    const { Items = [] } = await db.send(
      new ScanCommand({ TableName, ...projection, ConsistentRead: true, Limit: BATCH_WRITE_ITEMS_MAX }),
    );
    if (Items.length === 0) return;
    const deletes = Items.map((Key) => ({ DeleteRequest: { Key } }));
    await db.send(new BatchWriteCommand({ RequestItems: { [TableName]: deletes } }));
  }
}

export function tableInput(name: TableName, physicalName: string = PHYSICAL_NAMES[name]): CreateTableCommandInput {
  return plannedInput(TABLES[name], physicalName);
}

function plannedInput(
  { partitionKey, sortKey, markedIndex }: Pick<TablePlan, 'partitionKey' | 'sortKey' | 'markedIndex'>,
  physicalName: string,
): CreateTableCommandInput {
  const keys = (hash: string, range: string | undefined) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
  ];
  const attributes = new Set([partitionKey, sortKey, markedIndex?.partitionKey, markedIndex?.sortKey]);
  return {
    TableName: physicalName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys(partitionKey, sortKey),
    AttributeDefinitions: [...attributes]
      .filter((name) => name !== undefined)
      .map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
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

type Item = Record<string, unknown>;

/** Raw writes and reads of whole tables, as a program without the typed client makes them. */
export function rawAccess(db: DynamoDBDocumentClient, tables: PhysicalNames) {
  return {
    put: async (table: string, item: Item): Promise<void> => {
      await db.send(new PutCommand({ TableName: tables[table], Item: item }));
    },
    delete: async (table: string, keys: Item): Promise<void> => {
      await db.send(new DeleteCommand({ TableName: tables[table], Key: keys }));
    },
    get: async (table: string, keys: Item): Promise<Item | undefined> =>
      (await db.send(new GetCommand({ TableName: tables[table], Key: keys, ConsistentRead: true }))).Item,
    world: (): Promise<World> => readWorld(db, tables as SwarmkitNames),
  };
}
