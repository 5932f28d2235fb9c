/** The requests that the store and the typed client send, each under the one retry policy, each answer checked for shape. */
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  DeleteCommand,
  type DeleteCommandInput,
  type DynamoDBDocumentClient,
  GetCommand,
  type GetCommandInput,
  type NativeAttributeValue,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import { chunks } from '../protocol/parallel.ts';
import type { Chance, PageKey } from '../protocol/store.ts';
import { losslessNumber } from './client.ts';
import { cancellationReasons, classify, type RetryObserver, retryPauseMillis, sendWithRetries } from './retry.ts';

export type Item = Record<string, NativeAttributeValue>;
export type Key = Record<string, string>;
export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A single write: done, with the new item where it was asked for; or refused by its condition, with what was found. */
export type Written =
  | { readonly status: 'done'; readonly item: Item | undefined }
  | { readonly status: 'refused'; readonly found: Item | undefined };

/** A transaction: committed; or refused, with the places (0 is the first action) whose conditions were false. */
export type Committed =
  | { readonly status: 'committed' }
  | {
      readonly status: 'refused';
      readonly places: readonly { readonly place: number; readonly found: Item | undefined }[];
    };

export class Requests {
  readonly #db: DynamoDBDocumentClient;
  readonly #chance: Chance;
  readonly #observer: RetryObserver;

  constructor(db: DynamoDBDocumentClient, chance: Chance, observer: RetryObserver) {
    this.#db = db;
    this.#chance = chance;
    this.#observer = observer;
  }

  async get(input: GetCommandInput): Promise<Item | undefined> {
    const { Item } = await this.send('GetItem', (db) => db.send(new GetCommand(input)));
    return Item;
  }

  async query(input: QueryCommandInput) {
    const { Items, Count, LastEvaluatedKey } = await this.send('Query', (db) => db.send(new QueryCommand(input)));
    return { items: Items ?? [], count: present(Count, 'Count'), next: LastEvaluatedKey as PageKey | undefined };
  }

  async scan(input: ScanCommandInput) {
    const { Items, LastEvaluatedKey } = await this.send('Scan', (db) => db.send(new ScanCommand(input)));
    return { items: present(Items, 'Items'), next: LastEvaluatedKey as PageKey | undefined };
  }

  update(input: UpdateCommandInput): Promise<Written> {
    return this.#write('UpdateItem', async (db) => (await db.send(new UpdateCommand(input))).Attributes);
  }

  delete(input: DeleteCommandInput): Promise<Written> {
    return this.#write('DeleteItem', async (db) => (await db.send(new DeleteCommand(input))).Attributes);
  }

  /** Strongly consistent; in any order; keys must differ from each other. */
  async batchGet(table: string, keys: readonly Key[], attributes: readonly string[]): Promise<Item[]> {
    const options = {
      ConsistentRead: true,
      ProjectionExpression: attributes.map((attribute) => `#${attribute}`).join(', '),
      ExpressionAttributeNames: Object.fromEntries(attributes.map((attribute) => [`#${attribute}`, attribute])),
    };
    const found: Item[] = [];
    for (const some of chunks(keys, BATCH_GET_KEYS_MAX)) {
      let unread: Item[] = some;
      for (let tries = 1; unread.length > 0; tries++) {
        if (tries > REQUEST_TRIES_MAX) {
          throw new DeallocatorError(
            'Unavailable',
            `BatchGetItem left ${unread.length} keys of ${table} unread ${REQUEST_TRIES_MAX} times; try again later`,
          );
        }
        if (tries > 1) {
          this.#observer.onRetry('throttled', 'BatchGetItem');
          await this.#chance.pause(retryPauseMillis(this.#chance, tries));
        }
        const input: BatchGetCommandInput = { RequestItems: { [table]: { Keys: unread, ...options } } };
        const answer: BatchGetCommandOutput = await this.send('BatchGetItem', (db) =>
          db.send(new BatchGetCommand(input)),
        );
        found.push(...(present(answer.Responses, 'Responses')[table] ?? []));
        unread = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      }
    }
    return found;
  }

  /**
   * All or nothing. The token makes a repeat after a lost answer succeed, instead of failing on its own work; it lives for
   * ten minutes, longer than all tries together.
   */
  async transact(actions: Action[]): Promise<Committed> {
    const ClientRequestToken = this.#chance.fresh();
    try {
      const command = { ClientRequestToken, TransactItems: actions };
      await this.send('TransactWriteItems', (db) => db.send(new TransactWriteCommand(command)));
      return { status: 'committed' };
    } catch (error) {
      if (classify(error) !== 'refused') throw error;
      const places = cancellationReasons(error).flatMap(({ Code, Item }, place) =>
        Code === 'ConditionalCheckFailed' ? [{ place, found: Item && native(Item) }] : [],
      );
      return { status: 'refused', places };
    }
  }

  send<T>(request: string, send: (db: DynamoDBDocumentClient) => Promise<T>): Promise<T> {
    return sendWithRetries(request, () => send(this.#db), this.#chance, this.#observer);
  }

  async #write(request: string, write: (db: DynamoDBDocumentClient) => Promise<Item | undefined>): Promise<Written> {
    try {
      return { status: 'done', item: await this.send(request, write) };
    } catch (error) {
      if (classify(error) !== 'refused') throw error;
      const { Item } = error as { Item?: Parameters<typeof native>[0] };
      return { status: 'refused', found: Item && native(Item) };
    }
  }
}

/** The document client translates answers, but not the items that a refusal carries. */
function native(item: Parameters<typeof unmarshall>[0]): Item {
  return unmarshall(item, { wrapNumbers: losslessNumber });
}

function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new DeallocatorError('Unavailable', `DynamoDB's answer has no ${name}; try again`);
  return part;
}
