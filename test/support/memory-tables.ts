/**
 * Five tables in memory that write stream records as Lambda delivers them. One write is one step: nothing can come between
 * its check and its effect. The contract suite holds this and DynamoDB to the same sentences.
 */
import { marshall } from '@aws-sdk/util-dynamodb';
import { TABLES, type TableName } from '../../lib/dynamodb/schema.ts';
import type { World } from '../../lib/protocol/invariants.ts';

export type Item = Record<string, unknown>;
export type Keys = Record<string, string>;

export interface LambdaRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly Keys: unknown;
    readonly OldImage?: unknown;
    readonly NewImage?: unknown;
  };
}

export class MemoryTables {
  readonly #items: Record<TableName, Map<string, Item>>;
  /** Records that no function has been given yet, by table. A test may drop, repeat or reorder them. */
  readonly streams: Record<TableName, LambdaRecord[]>;
  /** Called after each step with the world before and after it. */
  onStep: ((before: World, after: World) => void) | undefined;
  #sequence = 0;

  constructor() {
    const names = Object.keys(TABLES) as TableName[];
    const each = <T>(make: () => T) => Object.fromEntries(names.map((name) => [name, make()])) as Record<TableName, T>;
    this.#items = each(() => new Map());
    this.streams = each(() => []);
  }

  /** Items are never changed in place: what is returned stays as it was. */
  get(table: TableName, keys: Keys): Item | undefined {
    return this.#items[table].get(keyOf(table, keys));
  }

  list(table: TableName): Item[] {
    return [...this.#items[table].values()];
  }

  put(table: TableName, item: Item): void {
    this.step([{ table, keys: item as Keys, item }]);
  }

  delete(table: TableName, keys: Keys): void {
    this.step([{ table, keys, item: undefined }]);
  }

  /** Several writes as one step. */
  step(writes: readonly { table: TableName; keys: Keys; item: Item | undefined }[]): void {
    const before = this.onStep && this.world();
    for (const { table, keys, item } of writes) {
      const key = keyOf(table, keys);
      const old = this.#items[table].get(key);
      if (item === undefined) this.#items[table].delete(key);
      else this.#items[table].set(key, structuredClone(item));
      this.#record(table, keys, old, item);
    }
    if (before) this.onStep?.(before, this.world());
  }

  world(): World {
    return {
      services: this.list('services'),
      networks: this.list('networks'),
      tasks: this.list('tasks'),
      attachments: this.list('attachments'),
      counters: this.list('counters'),
    } as unknown as World;
  }

  #record(table: TableName, keys: Keys, old: Item | undefined, item: Item | undefined): void {
    const { stream } = TABLES[table];
    const same = JSON.stringify(old) === JSON.stringify(item);
    if (stream === undefined || same) return;
    const images = stream === 'NEW_AND_OLD_IMAGES';
    this.streams[table].push({
      eventName: old === undefined ? 'INSERT' : item === undefined ? 'REMOVE' : 'MODIFY',
      dynamodb: {
        SequenceNumber: String(++this.#sequence).padStart(21, '0'),
        Keys: marshall(keysOf(table, keys)),
        ...(images && old && { OldImage: marshall(old, { removeUndefinedValues: true }) }),
        ...(images && item && { NewImage: marshall(item, { removeUndefinedValues: true }) }),
      },
    });
  }
}

function keysOf(table: TableName, keys: Keys): Keys {
  const { partitionKey, sortKey } = TABLES[table];
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  return Object.fromEntries(names.map((name) => [name, keys[name] as string]));
}

function keyOf(table: TableName, keys: Keys): string {
  return JSON.stringify(Object.values(keysOf(table, keys)));
}
