/** Every request that is sent to DynamoDB, under the one retry policy; each answer is checked for its shape. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  type CancellationReason,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { convertToNative, type NativeAttributeValue } from '@aws-sdk/util-dynamodb';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import type { PageKey } from '../protocol/pages.ts';
import { chunks } from '../protocol/parallel.ts';
import type { Address, Key } from './addresses.ts';
import { attributeOf, UNMARSHALL_OPTIONS } from './client.ts';
import { expressed, only } from './expressions.ts';
import type { Where } from './failure-row.ts';
import { cancellationReasons, classify, type RetryObserver, retryPauseMillis, sendWithRetries } from './retry.ts';

export type Item = Record<string, NativeAttributeValue>;
export type StoredItem = Record<string, AttributeValue>;

/** The SDK's client, or its document client, which takes the same commands. */
export type Sender = Pick<DynamoDBClient, 'send' | 'config'>;

const TRANSLATED = ['Key', 'Item', 'ExpressionAttributeValues', 'ExclusiveStartKey'] as const;
type Translated = (typeof TRANSLATED)[number];

/** A request, or an action of one, with JavaScript's values in the place of DynamoDB's. */
export type Native<I> = { [part in keyof I]: part extends Translated ? Readonly<Record<string, unknown>> : I[part] };
type Stored<I> = { [part in keyof I]: part extends Translated ? StoredItem : I[part] };

export type Action = { [kind in keyof TransactWriteItem]: Native<NonNullable<TransactWriteItem[kind]>> };

/**
 * A value exactly as DynamoDB returned it. A condition that compares what was read must send it back as it came, but the
 * SDK's translation there and back loses a set's mixed numbers, and an attribute called `__proto__`.
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

/** A page of an answer, its items as they are stored. Typed here: what the SDK's types refer to, a declaration can't name. */
type StoredPage = { Items?: StoredItem[] | undefined; Count?: number | undefined; next: PageKey | undefined };

/** The message of a batch that is given up, by the entries that were left over and the tries. */
export type GivenUp = (left: number, tries: number) => string;

export class Requests {
  readonly #db: Sender;
  readonly #chance: Chance;
  readonly #observer: RetryObserver;

  constructor(db: Sender, chance: Chance, observer: RetryObserver) {
    this.#db = db;
    this.#chance = chance;
    this.#observer = observer;
  }

  /** Strongly consistent. */
  async get(address: Address): Promise<Item | undefined> {
    const item = await this.getStored(address);
    return item && translated(item);
  }

  /** Strongly consistent, and not translated; only these paths of the item, where there are any. */
  async getStored({ TableName, Key }: Address, paths?: readonly string[]): Promise<StoredItem | undefined> {
    const projection = paths && expressed({ projection: only(paths) });
    const input = { TableName, Key, ...projection, ConsistentRead: true };
    return (await this.send('GetItem', (db) => db.send(new GetItemCommand(stored(input))), [TableName])).Item;
  }

  async query(input: Native<QueryCommandInput>, from?: PageKey) {
    const { Items = [], Count, next } = await this.queryStored(input, from);
    return { items: Items.map(translated), count: present(Count, 'Count'), next };
  }

  async queryStored(input: Native<QueryCommandInput>, from?: PageKey): Promise<StoredPage> {
    const { Items, Count, LastEvaluatedKey } = await this.send(
      'Query',
      (db) => db.send(new QueryCommand(stored({ ...input, ...startingAt(from) }))),
      tablesOf(input),
    );
    return { Items, Count, next: LastEvaluatedKey && translated(LastEvaluatedKey) };
  }

  async scan(input: Native<ScanCommandInput>, from?: PageKey) {
    const { Items, next } = await this.scanStored(input, from);
    return { items: present(Items, 'Items').map(translated), next };
  }

  async scanStored(input: Native<ScanCommandInput>, from?: PageKey): Promise<StoredPage> {
    const { Items, Count, LastEvaluatedKey } = await this.send(
      'Scan',
      (db) => db.send(new ScanCommand(stored({ ...input, ...startingAt(from) }))),
      tablesOf(input),
    );
    return { Items, Count, next: LastEvaluatedKey && translated(LastEvaluatedKey) };
  }

  update(input: Native<UpdateItemCommandInput>): Promise<Written> {
    return this.#write('UpdateItem', (db) => db.send(new UpdateItemCommand(stored(input))), input);
  }

  delete(input: Native<DeleteItemCommandInput>): Promise<Written> {
    return this.#write('DeleteItem', (db) => db.send(new DeleteItemCommand(stored(input))), input);
  }

  /** Strongly consistent, in any order; whole items, or only these attributes. The keys must differ. */
  async batchGet(table: string, keys: readonly Key[], attributes?: readonly string[]): Promise<Item[]> {
    return (await this.batchGetStored(table, keys, attributes)).map(translated);
  }

  /** The same, not translated, and only these paths of each item. */
  async batchGetStored(table: string, keys: readonly Key[], paths?: readonly string[]): Promise<StoredItem[]> {
    const options = { ConsistentRead: true, ...(paths && expressed({ projection: only(paths) })) };
    const found: StoredItem[] = [];
    const givenUp: GivenUp = (left, tries) =>
      `BatchGetItem left ${left} keys of ${table} unread ${tries} times; try again later`;
    for (const some of chunks(keys.map(storedValues), BATCH_GET_KEYS_MAX)) {
      await this.untilProcessed('BatchGetItem', some, givenUp, async (Keys) => {
        const input = { RequestItems: { [table]: { Keys, ...options } } };
        const { Responses, UnprocessedKeys } = await this.send(
          'BatchGetItem',
          (db) => db.send(new BatchGetItemCommand(input)),
          [table],
        );
        found.push(...(present(Responses, 'Responses')[table] ?? []));
        return UnprocessedKeys?.[table]?.Keys ?? [];
      });
    }
    return found;
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

  /**
   * @param send makes its command anew for each try: a command takes up its steps when it is sent
   * @param tables which it names, for the words of its failure
   */
  send<T>(request: string, send: (db: Sender) => Promise<T>, tables: readonly string[] = []): Promise<T> {
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

  async #write(
    request: string,
    write: (db: Sender) => Promise<{ readonly Attributes?: StoredItem | undefined }>,
    input: { readonly TableName: string | undefined },
  ): Promise<Written> {
    try {
      const { Attributes } = await this.send(request, write, tablesOf(input));
      return { status: 'done', item: Attributes && translated(Attributes) };
    } catch (error) {
      if (classify(error) !== 'refused') throw error;
      const { Item } = error as { Item?: StoredItem };
      return { status: 'refused', found: Item && native(Item) };
    }
  }
}

/** The places whose conditions were false, by the reasons of a cancelled transaction. */
function refusedPlaces(reasons: readonly CancellationReason[]) {
  return reasons.flatMap(({ Code, Item }, place) =>
    Code === 'ConditionalCheckFailed' ? [{ place, found: Item && native(Item) }] : [],
  );
}

/** As much of an item as can be translated. */
export function native(item: StoredItem): Item {
  // One by one: what the SDK can't translate of it must not cost the others.
  const entries = Object.entries(item).flatMap(([name, value]) => {
    try {
      return [[name, convertToNative(value, UNMARSHALL_OPTIONS)] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(entries);
}

/** A whole item. Throws if a part of it can't be translated. */
function translated(item: StoredItem): Item {
  // The SDK reads an attribute called __proto__ as one without a value.
  const entries = Object.entries(item).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, convertToNative(value, UNMARSHALL_OPTIONS)]));
}

export function storedAction(action: Action): TransactWriteItem {
  return Object.fromEntries(Object.entries(action).map(([kind, parameters]) => [kind, stored(parameters)]));
}

/** As the SDK sends it. */
function stored<I extends object>(parameters: I): Stored<I> {
  const sent: Partial<Record<Translated, Readonly<Record<string, unknown>>>> = { ...parameters };
  for (const name of TRANSLATED) {
    const values = sent[name];
    if (values !== undefined) sent[name] = storedValues(values);
  }
  return sent as Stored<I>;
}

export function storedValues(values: Readonly<Record<string, unknown>>): StoredItem {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  const asSent = (value: unknown) => (value instanceof StoredValue ? value.value : attributeOf(value));
  return Object.fromEntries(there.map(([name, value]) => [name, asSent(value)]));
}

function tablesOf({ TableName }: { readonly TableName: string | undefined }): string[] {
  return TableName === undefined ? [] : [TableName];
}

/** What the client knows of its own target. It may be that very thing that it lacks. */
export async function whereIs({ config }: Pick<Sender, 'config'>, tables: readonly string[] = []): Promise<Where> {
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
