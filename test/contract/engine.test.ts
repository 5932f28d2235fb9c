/**
 * Random requests of the shapes that we send, to the memory engine and to Amazon's own: both answer alike, errors, reasons
 * of a cancellation and returned items included.
 */
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { MARKED_INDEX } from '../../lib/dynamodb/schema.ts';
import { canonicalNumber } from '../../lib/testing/memory/attribute-values.ts';
import { memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { createDatabase, PHYSICAL_NAMES } from '../support/dynamodb.ts';

const STORIES = 60;
const REQUESTS_MAX = 25;
const COMMANDS = {
  GetItem: GetItemCommand,
  BatchGetItem: BatchGetItemCommand,
  BatchWriteItem: BatchWriteItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
  PutItem: PutItemCommand,
  UpdateItem: UpdateItemCommand,
  DeleteItem: DeleteItemCommand,
  TransactWriteItems: TransactWriteItemsCommand,
  BatchExecuteStatement: BatchExecuteStatementCommand,
  ExecuteStatement: ExecuteStatementCommand,
} as const;

interface Sent {
  readonly operation: keyof typeof COMMANDS;
  readonly input: Record<string, unknown>;
}

const { services, attachments, counters } = PHYSICAL_NAMES;
const id = fc.constantFrom('a', 'b');
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom({ S: 'x' }, { S: '' }, { BOOL: true }, { BOOL: false }, { NULL: true }, { S: 'true' }),
  fc.constantFrom({ N: '1' }, { N: '1.0' }, { N: '10e-1' }, { N: '0.10' }, { N: '-3' }, { N: '100' }, { N: '1e2' }),
  fc.constantFrom({ SS: ['x', 'y'] }, { SS: ['y', 'x'] }, { NS: ['1', '2.0'] }, { NS: ['2', '1'] }),
  fc.constantFrom({ L: [{ S: 'x' }, { N: '1.0' }] }, { L: [{ S: 'x' }, { N: '1' }] }, { L: [] }),
  fc.constantFrom({ M: { x: { N: '1' }, y: { S: 'z' } } }, { M: { y: { S: 'z' }, x: { N: '1.0' } } }, { M: {} }),
);
const spec = fc.oneof(
  value,
  fc
    .record(
      { networks: value, task: fc.record({ networks: value }, { requiredKeys: [] }).map((M) => ({ M })) },
      { requiredKeys: [] },
    )
    .map((M) => ({ M })),
);
const item = fc.record(
  { id: id.map((S) => ({ S })), pendingDelete: value, markedAt: fc.constantFrom({ S: 'm1' }, { S: 'm2' }), spec },
  { requiredKeys: ['id'] },
);
const names = {
  '#id': 'id',
  '#p': 'pendingDelete',
  '#m': 'markedAt',
  '#s': 'spec',
  '#t': 'task',
  '#n': 'networks',
} as const;
/** The statements that we send, on counters that are there, are not there, or hold no number. */
const statement = fc
  .tuple(id, fc.boolean(), fc.constantFrom('x', 'y'), fc.constantFrom(undefined, 'ALL_OLD' as const))
  .map(([S, isRecount, epoch, ReturnValuesOnConditionCheckFailure]) => ({
    Statement: isRecount
      ? `UPDATE "${counters}" SET "remaining" = "remaining" + ? SET "epoch" = ? WHERE "id" = ? AND "epoch" = ? RETURNING ALL NEW *`
      : `UPDATE "${counters}" SET "remaining" = "remaining" - ? SET "progressedAt" = ? WHERE "id" = ? RETURNING ALL NEW *`,
    Parameters: [{ N: '2' }, { S: 'x' }, { S }, ...(isRecount ? [{ S: epoch }] : [])],
    ...(ReturnValuesOnConditionCheckFailure && { ReturnValuesOnConditionCheckFailure }),
  }));
/** The conditions' shapes, each with the values that it takes. */
const condition = fc
  .tuple(
    fc.constantFrom(
      'attribute_exists(#id)',
      'attribute_not_exists(#id)',
      '(attribute_not_exists(#p) OR #p <> :v)',
      '#p = :v',
      '#p = :v AND #m = :w',
      'attribute_exists(#id) AND ((attribute_not_exists(#p) OR #p <> :v) OR attribute_not_exists(#m))',
      '#s.#t.#n = :v AND attribute_not_exists(#s.#n)',
      '#s = :v',
      '#s.#n <> :v',
      'attribute_not_exists(#id) OR #p < :n',
      'begins_with(#m, :b)',
      '(begins_with(#id, :b) OR begins_with(#s.#n, :b)) AND attribute_not_exists(#p)',
    ),
    value,
    fc.constantFrom({ S: 'm1' }, { S: 'm2' }),
    fc.constantFrom('ALL_OLD', 'NONE'),
  )
  .map(([ConditionExpression, v, w, ReturnValuesOnConditionCheckFailure]) => ({
    ...placeholders(ConditionExpression, { ':v': v, ':w': w, ':n': { N: '2' }, ':b': { S: 'm' } }),
    ConditionExpression,
    ReturnValuesOnConditionCheckFailure,
  }));

function placeholders(text: string, values: Record<string, unknown>) {
  const used = (all: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => new RegExp(`${name}\\b`).test(text)));
  const [usedNames, usedValues] = [used(names), used(values)];
  return {
    ...(Object.keys(usedNames).length > 0 && { ExpressionAttributeNames: usedNames }),
    ...(Object.keys(usedValues).length > 0 && { ExpressionAttributeValues: usedValues }),
  };
}

const key = id.map((S) => ({ id: { S } }));
const change = fc
  .tuple(
    fc.constantFrom(
      'SET #p = :x',
      'SET #p = :x, #m = :y',
      'REMOVE #p, #m',
      'REMOVE #m',
      'SET #s = :x',
      'SET #p = #p + :one',
      'SET #p = #p - :one, #m = :y',
    ),
    value,
    fc.constantFrom({ S: 'm1' }, { S: 'm2' }),
  )
  .map(([UpdateExpression, x, y]) => ({
    UpdateExpression,
    ...placeholders(UpdateExpression, { ':x': x, ':y': y, ':one': { N: '1' } }),
  }));
const merged = (
  update: Record<string, unknown>,
  when: Record<string, unknown> | undefined,
): Record<string, unknown> => ({
  ...when,
  ...update,
  ...(when && {
    ExpressionAttributeNames: {
      ...(when.ExpressionAttributeNames as object),
      ...(update.ExpressionAttributeNames as object),
    },
    ...((when.ExpressionAttributeValues ?? update.ExpressionAttributeValues) !== undefined && {
      ExpressionAttributeValues: {
        ...(when.ExpressionAttributeValues as object),
        ...(update.ExpressionAttributeValues as object),
      },
    }),
  }),
});
const put = fc
  .tuple(item, fc.option(condition, { nil: undefined }))
  .map(([Item, when]) => ({ TableName: services, Item, ...when }));
const update = fc
  .tuple(key, change, fc.option(condition, { nil: undefined }))
  .map(([Key, by, when]) => ({ TableName: services, Key, ...merged(by, when) }));
const remove = fc
  .tuple(key, fc.option(condition, { nil: undefined }))
  .map(([Key, when]) => ({ TableName: services, Key, ...when }));
const check = fc.tuple(key, condition).map(([Key, when]) => ({ TableName: services, Key, ...when }));
const attachmentKey = fc.tuple(id, id).map(([held, holder]) => ({ held: { S: held }, holder: { S: holder } }));
const counter = fc
  .tuple(id, fc.constantFrom('-5', '0', '3'))
  .map(([name, N]) => ({ TableName: counters, Item: { id: { S: name }, pendingDelete: { N } } }));
const action = fc.oneof(
  put.map((Put) => ({ Put })),
  // What an action's own update can't do is a reason of the cancellation, which no request of ours ever meets.
  update
    .filter((one) => !/[+-]/.test(String((one as { UpdateExpression?: unknown }).UpdateExpression)))
    .map((Update) => ({ Update })),
  remove.map((Delete) => ({ Delete })),
  check.map((ConditionCheck) => ({ ConditionCheck })),
  attachmentKey.map((Key) => ({ Delete: { TableName: attachments, Key } })),
  attachmentKey.map((Item) => ({ Put: { TableName: attachments, Item } })),
);
const returned = fc.constantFrom('NONE', 'ALL_OLD');
const request: fc.Arbitrary<Sent> = fc.oneof(
  put.map((input) => ({ operation: 'PutItem' as const, input })),
  counter.map((input) => ({ operation: 'PutItem' as const, input })),
  fc
    .tuple(update, fc.constantFrom('NONE', 'ALL_NEW'))
    .map(([input, ReturnValues]) => ({ operation: 'UpdateItem' as const, input: { ...input, ReturnValues } })),
  fc
    .tuple(remove, returned)
    .map(([input, ReturnValues]) => ({ operation: 'DeleteItem' as const, input: { ...input, ReturnValues } })),
  fc
    .tuple(key, fc.constantFrom('#id, #p, #m, #s.#t.#n, #s.#n', '#s.#n', undefined))
    .map(([Key, ProjectionExpression]) => ({
      operation: 'GetItem' as const,
      input: {
        TableName: services,
        Key,
        ConsistentRead: true,
        ...(ProjectionExpression && { ProjectionExpression, ...placeholders(ProjectionExpression, {}) }),
      },
    })),
  fc.constant({
    operation: 'BatchGetItem' as const,
    input: { RequestItems: { [services]: { Keys: [{ id: { S: 'a' } }, { id: { S: 'b' } }], ConsistentRead: true } } },
  }),
  fc.uniqueArray(attachmentKey, { minLength: 1, maxLength: 3, selector: JSON.stringify }).map((keys) => ({
    operation: 'BatchWriteItem' as const,
    input: { RequestItems: { [attachments]: keys.map((Key) => ({ DeleteRequest: { Key } })) } },
  })),
  fc
    .tuple(id, fc.integer({ min: 1, max: 3 }), fc.constantFrom('COUNT', 'ALL_ATTRIBUTES'))
    .map(([S, Limit, Select]) => ({
      operation: 'Query' as const,
      input: {
        TableName: attachments,
        KeyConditionExpression: '#k = :k',
        ExpressionAttributeNames: { '#k': 'held' },
        ExpressionAttributeValues: { ':k': { S } },
        ConsistentRead: true,
        Limit,
        Select,
      },
    })),
  fc
    .uniqueArray(statement, { minLength: 1, maxLength: 3, selector: ({ Parameters }) => Parameters[2]?.S })
    .map((Statements) => ({ operation: 'BatchExecuteStatement' as const, input: { Statements } })),
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', ' AND begins_with("holder", ?)', ' AND "holder" = ?'),
    )
    .map(([networks, within]) => ({
      operation: 'ExecuteStatement' as const,
      input: {
        Statement: `SELECT "held" FROM "${attachments}" WHERE "held" IN [${networks.map(() => '?').join(', ')}]${within}`,
        Parameters: [...networks, ...(within === '' ? [] : ['a'])].map((S) => ({ S })),
        ConsistentRead: true,
      },
    })),
  fc.constant({ operation: 'Scan' as const, input: { TableName: services, IndexName: MARKED_INDEX.name } }),
  fc.constant({
    operation: 'Scan' as const,
    input: {
      TableName: services,
      ConsistentRead: true,
      FilterExpression: '#p = :v AND attribute_not_exists(#m)',
      ProjectionExpression: '#id',
      ExpressionAttributeNames: { '#id': 'id', '#p': 'pendingDelete', '#m': 'markedAt' },
      ExpressionAttributeValues: { ':v': { BOOL: true } },
    },
  }),
  fc
    .tuple(
      fc.uniqueArray(action, { minLength: 1, maxLength: 4, selector: addressOf }),
      fc.constantFrom(undefined, 't1', 't2'),
    )
    .map(([TransactItems, token]) => ({
      operation: 'TransactWriteItems' as const,
      input: { TransactItems, ...(token && { ClientRequestToken: token }) },
    })),
);

/** An item may be in a transaction once; that it is refused otherwise, and when, is no business of ours. */
function addressOf(one: Record<string, unknown>): string {
  const [{ TableName, Key, Item }] = Object.values(one) as [
    { TableName: string; Key?: Record<string, unknown>; Item?: Record<string, unknown> },
  ];
  const { id, held, holder } = Key ?? Item ?? {};
  return JSON.stringify([TableName, id, held, holder]);
}

/** Orders that AWS leaves open are put into one. */
function ordered(operation: string, answer: Record<string, unknown>): unknown {
  // Amazon's engine tells what a request cost, now and then unasked.
  const { $metadata: _metadata, ConsumedCapacity: _cost, ...rest } = answer;
  const sorted = (items: unknown) =>
    [...((items as unknown[]) ?? [])].map(sets).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (operation === 'BatchExecuteStatement') {
    // Only the code of what failed is looked at, and its item.
    const responses = rest.Responses as { Error?: { Code: string; Item?: unknown } }[];
    return responses.map(({ Error: failure, ...more }) =>
      sets(failure === undefined ? more : { code: failure.Code, item: failure.Item }),
    );
  }
  if (operation === 'ExecuteStatement') return sorted(rest.Items);
  if (operation === 'Scan') return { ...rest, Items: sorted(rest.Items) };
  if (operation === 'BatchGetItem')
    return { ...rest, Responses: sorted((rest.Responses as Record<string, unknown>)[services]) };
  return sets(rest);
}

/** A set has no order, and a number many forms: AWS trims its zeros, and DynamoDB Local keeps them. */
function valueOfAnyForm(type: string, value: unknown): unknown {
  if (type === 'N' && typeof value === 'string') return canonicalNumber(value);
  if (type === 'NS' && Array.isArray(value)) return value.map(canonicalNumber).sort();
  return type === 'SS' && Array.isArray(value) ? [...value].sort() : sets(value);
}

function sets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, valueOfAnyForm(name, inner)]),
  );
}

async function answerOf(db: DynamoDBDocumentClient, { operation, input }: Sent, token: string): Promise<unknown> {
  const own =
    input.ClientRequestToken === undefined
      ? input
      : { ...input, ClientRequestToken: `${token}${input.ClientRequestToken}` };
  try {
    const Command = COMMANDS[operation] as unknown as new (input: unknown) => never;
    return ordered(operation, (await (db as unknown as DynamoDBClient).send(new Command(own))) as never);
  } catch (error) {
    const { name, CancellationReasons, Item } = error as {
      name: string;
      CancellationReasons?: { Code?: string; Item?: unknown }[];
      Item?: unknown;
    };
    return sets({
      error: name,
      Item,
      reasons: CancellationReasons?.map((reason) => ({ Code: reason.Code, Item: reason.Item })),
    });
  }
}

let amazons: DynamoDBDocumentClient;
beforeAll(async () => {
  amazons = await createDatabase();
});

it(`answers like Amazon's engine, in ${STORIES} stories of random requests`, { timeout: 300_000 }, async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: REQUESTS_MAX }), async (requests) => {
      for (const [table, keys] of [
        [services, [{ id: { S: 'a' } }, { id: { S: 'b' } }]],
        [counters, [{ id: { S: 'a' } }, { id: { S: 'b' } }]],
        [attachments, ['a', 'b'].flatMap((n) => ['a', 'b'].map((s) => ({ held: { S: n }, holder: { S: s } })))],
      ] as const) {
        for (const Key of keys)
          await amazons.send(new DeleteItemCommand({ TableName: table, Key: Key as never }) as never);
      }
      const engine = new MemoryEngine({ tables: new MemoryTables(), names: PHYSICAL_NAMES });
      const memory = documentClient(memoryClient((operation, input) => engine.carryOut(operation, input)));
      const token = `story${++told}-`;
      for (const sent of requests) {
        expect(await answerOf(memory, sent, token), JSON.stringify(sent)).toEqual(await answerOf(amazons, sent, token));
      }
    }),
    { numRuns: STORIES, seed: 1 },
  );
});
