/**
 * Six tables in memory that write stream records as Lambda delivers them. One write is one step: nothing can come between
 * its check and its effect. Items are held as DynamoDB holds them; the memory engine carries requests out on them, and
 * tests read and write them as plain JavaScript.
 */
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { streamOf, TABLES, type TableName } from '../../dynamodb/schema.ts';
import type { World } from '../../protocol/invariants.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';
import { isSameItem, type StoredItem } from './attribute-values.ts';

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

/** One item's new state. */
export interface StoredWrite {
  readonly table: TableName;
  readonly keys: StoredItem;
  readonly item: StoredItem | undefined;
}

type Rows = ReadonlyMap<string, StoredItem>;

const NAMES = Object.keys(TABLES) as TableName[];
const SEQUENCE_DIGITS = 21;
const NO_ROWS: Rows = new Map();

export class MemoryTables {
  readonly #rows: Record<TableName, Map<string, StoredItem>>;
  /** The same rows by partition, where a table has several to one. */
  readonly #partitions: Record<TableName, Map<string, Map<string, StoredItem>>>;
  /** Earlier states of each table, the latest last: what a read that is not consistent may see. */
  readonly #past: Record<TableName, Rows[]>;
  readonly #pastMax: number;
  /** Each table as plain items, until it is written; and each item, which stays as it is as long as it is kept. */
  readonly #plain: Partial<Record<TableName, Item[]>> = {};
  readonly #plainItems = new WeakMap<StoredItem, Item>();
  /** Records that no function has been given yet, by table. A test may drop, repeat or reorder them. */
  readonly streams: Record<TableName, LambdaRecord[]>;
  /** Called after each step with the world before and after it. */
  onStep: ((before: World, after: World) => void) | undefined;
  #sequence = 0;

  readonly #rules: Rules;

  /** @param pastMax earlier states of a table that an eventually consistent read may see */
  constructor(pastMax = 0, rules = DEFAULT_RULES) {
    this.#rules = rules;
    const each = <T>(make: () => T) => Object.fromEntries(NAMES.map((name) => [name, make()])) as Record<TableName, T>;
    this.#rows = each(() => new Map());
    this.#partitions = each(() => new Map());
    this.#past = each(() => []);
    this.#pastMax = pastMax;
    this.streams = each(() => []);
  }

  /** Items are never changed in place: what is returned stays as it was. */
  find(table: TableName, keys: StoredItem): StoredItem | undefined {
    return this.#rows[table].get(rowKey(table, keys));
  }

  /** @param age how many writes of the table ago, as far as is remembered; 0 is now */
  rows(table: TableName, age = 0): Rows {
    const past = this.#past[table];
    return age === 0 ? this.#rows[table] : (past[Math.max(0, past.length - age)] ?? this.#rows[table]);
  }

  /** The rows of one partition, if the table has sort keys, and perhaps others: the caller looks at the key as well. */
  partition(table: TableName, value: string | undefined, age = 0): Rows {
    if (age > 0 || TABLES[table].sortKey === undefined) return this.rows(table, age);
    return this.#partitions[table].get(value ?? '') ?? NO_ROWS;
  }

  get(table: TableName, keys: Keys): Item | undefined {
    const found = this.find(table, marshall(keysOf(table, keys)));
    return found && unmarshall(found);
  }

  list(table: TableName): Item[] {
    this.#plain[table] ??= Array.from(this.#rows[table].values(), (item) => this.#plainItem(item));
    return this.#plain[table];
  }

  #plainItem(item: StoredItem): Item {
    const known = this.#plainItems.get(item) ?? unmarshall(item);
    this.#plainItems.set(item, known);
    return known;
  }

  put(table: TableName, item: Item): void {
    this.step([{ table, keys: item as Keys, item }]);
  }

  delete(table: TableName, keys: Keys): void {
    this.step([{ table, keys, item: undefined }]);
  }

  /** Several writes as one step. */
  step(writes: readonly { table: TableName; keys: Keys; item: Item | undefined }[]): void {
    this.write(
      writes.map(({ table, keys, item }) => ({
        table,
        keys: marshall(keysOf(table, keys)),
        item: item && marshall(item, { removeUndefinedValues: true }),
      })),
    );
  }

  write(writes: readonly StoredWrite[]): void {
    const before = this.onStep && this.world();
    for (const { table, keys, item } of writes) {
      const key = rowKey(table, keys);
      const old = this.#rows[table].get(key);
      if (isSameItem(old, item)) continue;
      if (this.#pastMax > 0) {
        this.#past[table].push(new Map(this.#rows[table]));
        if (this.#past[table].length > this.#pastMax) this.#past[table].shift();
      }
      this.#place(table, keys, key, item);
      delete this.#plain[table];
      this.#record(table, keys, old, item);
    }
    if (before) this.onStep?.(before, this.world());
  }

  #place(table: TableName, keys: StoredItem, key: string, item: StoredItem | undefined): void {
    const { partitionKey, sortKey } = TABLES[table];
    if (item === undefined) this.#rows[table].delete(key);
    else this.#rows[table].set(key, item);
    if (sortKey === undefined) return;
    const partitions = this.#partitions[table];
    const partition = keys[partitionKey]?.S as string;
    const rows = partitions.get(partition) ?? new Map<string, StoredItem>();
    if (item === undefined) rows.delete(key);
    else rows.set(key, item);
    if (rows.size === 0) partitions.delete(partition);
    else partitions.set(partition, rows);
  }

  world(): World {
    return {
      services: this.list('services'),
      networks: this.list('networks'),
      tasks: this.list('tasks'),
      attachments: this.list('attachments'),
      counters: this.list('counters'),
      receipts: this.list('receipts'),
    } as unknown as World;
  }

  #record(table: TableName, keys: StoredItem, old: StoredItem | undefined, item: StoredItem | undefined): void {
    const stream = streamOf(table, this.#rules);
    if (stream === undefined) return;
    const images = stream === 'NEW_AND_OLD_IMAGES';
    this.streams[table].push({
      eventName: old === undefined ? 'INSERT' : item === undefined ? 'REMOVE' : 'MODIFY',
      dynamodb: {
        SequenceNumber: String(++this.#sequence).padStart(SEQUENCE_DIGITS, '0'),
        Keys: keys,
        ...(images && old && { OldImage: old }),
        ...(images && item && { NewImage: item }),
      },
    });
  }
}

function keysOf(table: TableName, keys: Keys): Keys {
  return Object.fromEntries(keyNames(table).map((name) => [name, keys[name] as string]));
}

export function keyNames(table: TableName): readonly string[] {
  const { partitionKey, sortKey } = TABLES[table];
  return sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
}

function rowKey(table: TableName, keys: StoredItem): string {
  const { partitionKey, sortKey } = TABLES[table];
  const partition = keys[partitionKey]?.S as string;
  return sortKey === undefined ? partition : JSON.stringify([partition, keys[sortKey]?.S]);
}
