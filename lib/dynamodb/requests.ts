/** Every request that is sent to DynamoDB, under the one retry policy; each answer is checked for its shape. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type CancellationReason,
  GetItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  DeleteCommand,
  type DeleteCommandInput,
  type DynamoDBDocumentClient,
  GetCommand,
  type NativeAttributeValue,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { convertToNative, marshall } from '@aws-sdk/util-dynamodb';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import type { PageKey } from '../protocol/pages.ts';
import { chunks } from '../protocol/parallel.ts';
import type { Address, Key } from './addresses.ts';
import { attributeOf, MARSHALL_OPTIONS, UNMARSHALL_OPTIONS } from './client.ts';
import { expressed, only } from './expressions.ts';
import type { Where } from './failure-row.ts';
import { cancellationReasons, classify, type RetryObserver, retryPauseMillis, sendWithRetries } from './retry.ts';

export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
export type Item = Record<string, NativeAttributeValue>;
export type StoredItem = Record<string, AttributeValue>;

/**
 * A value exactly as DynamoDB returned it. A condition that compares what was read must send it back as it came, but the
 * document client's translation there and back loses a set's mixed numbers, and an attribute called `__proto__`.
 */
export class StoredValue {
  readonly value: AttributeValue;

  constructor(value: AttributeValue) {
    this.value = value;
  }
}

/** A single write: done, with the new item if it was asked for; or refused by its condition, with the item that was found. */
export type Written =
  | { readonly status: 'done'; readonly item: Item | undefined }
  | { readonly status: 'refused'; readonly found: Item | undefined };

/** A transaction: committed; or refused, with the places of the actions (0 is the first) whose conditions were false. */
export type Committed =
  | { readonly status: 'committed' }
  | {
      readonly status: 'refused';
      readonly places: readonly { readonly place: number; readonly found: Item | undefined }[];
    };

/** The message of a batch that is given up, by the entries that were left over and the tries. */
export type GivenUp = (left: number, tries: number) => string;

export class Requests {
  readonly #db: DynamoDBDocumentClient;
  readonly #chance: Chance;
  readonly #observer: RetryObserver;

  constructor(db: DynamoDBDocumentClient, chance: Chance, observer: RetryObserver) {
    this.#db = db;
    this.#chance = chance;
    this.#observer = observer;
  }

  /** Strongly consistent. */
  async get(address: Address): Promise<Item | undefined> {
    const { Item } = await this.send('GetItem', (db) => db.send(new GetCommand({ ...address, ConsistentRead: true })), [
      address.TableName,
    ]);
    return Item;
  }

  /** Strongly consistent, and not translated; only these paths of the item, where there are any. */
  async getStored({ TableName, Key }: Address, paths?: readonly string[]): Promise<StoredItem | undefined> {
    const projection = paths && expressed({ projection: only(paths) });
    const command = { TableName, Key: marshall(Key, MARSHALL_OPTIONS), ...projection, ConsistentRead: true };
    const { Item } = await this.send('GetItem', (db) => db.send(new GetItemCommand(command)), [TableName]);
    return Item;
  }

  async query(input: QueryCommandInput, from?: PageKey) {
    const { Items, Count, LastEvaluatedKey } = await this.send(
      'Query',
      (db) => db.send(new QueryCommand({ ...input, ...startingAt(from) })),
      tablesOf(input),
    );
    return { items: Items ?? [], count: present(Count, 'Count'), next: LastEvaluatedKey as PageKey | undefined };
  }

  async scan(input: ScanCommandInput, from?: PageKey) {
    const { Items, LastEvaluatedKey } = await this.send(
      'Scan',
      (db) => db.send(new ScanCommand({ ...input, ...startingAt(from) })),
      tablesOf(input),
    );
    return { items: present(Items, 'Items'), next: LastEvaluatedKey as PageKey | undefined };
  }

  update(input: UpdateCommandInput): Promise<Written> {
    return this.#write('UpdateItem', async (db) => (await db.send(new UpdateCommand(input))).Attributes, input);
  }

  delete(input: DeleteCommandInput): Promise<Written> {
    return this.#write('DeleteItem', async (db) => (await db.send(new DeleteCommand(input))).Attributes, input);
  }

  /** Strongly consistent, in any order; whole items, or only these attributes. The keys must differ. */
  async batchGet(table: string, keys: readonly Key[], attributes?: readonly string[]): Promise<Item[]> {
    const options = { ConsistentRead: true, ...(attributes && expressed({ projection: only(attributes) })) };
    return await this.#batches(table, keys, (Keys) => {
      const input: BatchGetCommandInput = { RequestItems: { [table]: { Keys: [...Keys], ...options } } };
      return this.send('BatchGetItem', (db) => db.send(new BatchGetCommand(input)), [table]);
    });
  }

  /** The same, not translated, and only these paths of each item. */
  async batchGetStored(table: string, keys: readonly Key[], paths: readonly string[]): Promise<StoredItem[]> {
    const options = { ConsistentRead: true, ...expressed({ projection: only(paths) }) };
    const stored = keys.map((key) => marshall(key, MARSHALL_OPTIONS));
    return await this.#batches(table, stored, (Keys) => {
      const command = new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [...Keys], ...options } } });
      return this.send('BatchGetItem', (db) => db.send(command), [table]);
    });
  }

  /**
   * All or nothing. Because of its token, a repeat after a lost answer succeeds instead of failing on its own work. The
   * token lives for ten minutes, longer than all tries together.
   */
  async transact(actions: Action[]): Promise<Committed> {
    const ClientRequestToken = this.#chance.fresh();
    try {
      await this.send(
        'TransactWriteItems',
        (db) =>
          db.send(new TransactWriteItemsCommand({ ClientRequestToken, TransactItems: actions.map(storedAction) })),
        actions.flatMap((action) => Object.values(action).flatMap(tablesOf)),
      );
      return { status: 'committed' };
    } catch (error) {
      if (classify(error) !== 'refused') throw error;
      return { status: 'refused', places: refusedPlaces(cancellationReasons(error)) };
    }
  }

  /** @param tables which it names, for the words of its failure */
  send<T>(
    request: string,
    send: (db: DynamoDBDocumentClient) => Promise<T>,
    tables: readonly string[] = [],
  ): Promise<T> {
    const where = () => whereIs(this.#db, tables);
    return sendWithRetries(request, () => send(this.#db), this.#chance, this.#observer, where);
  }

  /** Sends again what an answer left over, until nothing is left or the tries are used up. */
  async untilProcessed<I extends Item>(
    request: string,
    all: I[],
    givenUp: GivenUp,
    send: (rest: I[]) => Promise<I[]>,
  ): Promise<void> {
    let rest = all;
    for (let tries = 1; rest.length > 0; tries++) {
      if (tries > REQUEST_TRIES_MAX) throw new DeallocatorError('Unavailable', givenUp(rest.length, REQUEST_TRIES_MAX));
      if (tries > 1) {
        this.#observer.onRetry('throttled', request);
        await this.#chance.pause(retryPauseMillis(this.#chance, tries));
      }
      rest = await send(rest);
    }
  }

  async #batches<I extends Item>(
    table: string,
    keys: readonly I[],
    ask: (some: readonly I[]) => Promise<{
      readonly Responses?: Record<string, I[]> | undefined;
      readonly UnprocessedKeys?: Record<string, { readonly Keys: I[] | undefined }> | undefined;
    }>,
  ): Promise<I[]> {
    const found: I[] = [];
    const givenUp: GivenUp = (left, tries) =>
      `BatchGetItem left ${left} keys of ${table} unread ${tries} times; try again later`;
    for (const some of chunks(keys, BATCH_GET_KEYS_MAX)) {
      await this.untilProcessed('BatchGetItem', some, givenUp, async (rest) => {
        const { Responses, UnprocessedKeys } = await ask(rest);
        found.push(...(present(Responses, 'Responses')[table] ?? []));
        return UnprocessedKeys?.[table]?.Keys ?? [];
      });
    }
    return found;
  }

  async #write(
    request: string,
    write: (db: DynamoDBDocumentClient) => Promise<Item | undefined>,
    input: { readonly TableName: string | undefined },
  ): Promise<Written> {
    try {
      return { status: 'done', item: await this.send(request, write, tablesOf(input)) };
    } catch (error) {
      if (classify(error) !== 'refused') throw error;
      const { Item } = error as { Item?: StoredItem };
      return { status: 'refused', found: Item && native(Item) };
    }
  }
}

/** The places whose conditions were false, by the reasons of a cancelled transaction. */
export function refusedPlaces(reasons: readonly CancellationReason[]) {
  return reasons.flatMap(({ Code, Item }, place) =>
    Code === 'ConditionalCheckFailed' ? [{ place, found: Item && native(Item) }] : [],
  );
}

/** Translates what the document client does not: stored items, and those that a refusal carries. */
export function native(item: StoredItem): Item {
  // One by one: the SDK throws at an attribute called __proto__, and the others are needed all the same.
  const entries = Object.entries(item).flatMap(([name, value]) => {
    try {
      return [[name, convertToNative(value, UNMARSHALL_OPTIONS)] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(entries);
}

/** As the document client would translate it, except for stored values. */
export function storedAction(action: Action): TransactWriteItem {
  type Parameters = Partial<Record<'Key' | 'Item' | 'ExpressionAttributeValues', Record<string, unknown>>>;
  const entries: [string, Parameters][] = Object.entries(action);
  const translated = entries.map(([name, { Key, Item, ExpressionAttributeValues, ...rest }]) => [
    name,
    {
      ...rest,
      ...(Key && { Key: storedValues(Key) }),
      ...(Item && { Item: storedValues(Item) }),
      ...(ExpressionAttributeValues && { ExpressionAttributeValues: storedValues(ExpressionAttributeValues) }),
    },
  ]);
  return Object.fromEntries(translated);
}

function storedValues(values: Record<string, unknown>): StoredItem {
  const isThere = ([, value]: [string, unknown]) => value !== undefined;
  return Object.fromEntries(
    Object.entries(values)
      .filter(isThere)
      .map(([name, value]) => [name, value instanceof StoredValue ? value.value : attributeOf(value)]),
  );
}

function tablesOf({ TableName }: { readonly TableName: string | undefined }): string[] {
  return TableName === undefined ? [] : [TableName];
}

/** What the client knows of its own target. It may be that very thing that it lacks. */
export async function whereIs({ config }: DynamoDBDocumentClient, tables: readonly string[] = []): Promise<Where> {
  const region = await config.region().catch(() => undefined);
  const { protocol, hostname, port } = (await config.endpoint?.().catch(() => undefined)) ?? {};
  const endpoint = hostname === undefined ? undefined : `${protocol}//${hostname}${port ? `:${port}` : ''}`;
  return { tables: [...new Set(tables)], region, endpoint };
}

function startingAt(from: PageKey | undefined) {
  return from && { ExclusiveStartKey: from };
}

function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new DeallocatorError('Unavailable', `DynamoDB's answer has no ${name}; try again`);
  return part;
}
