/**
 * A lifecycle's tables in memory that write stream records as Lambda delivers them. One write is one step: nothing can come between
 * its check and its effect. Items are held as DynamoDB holds them; the memory engine carries requests out on them, and
 * tests read and write them as plain JavaScript.
 */
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { TableName } from '../../dynamodb/schema.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import type { TablePlan } from '../../lifecycle/tables.ts';
import type { World } from '../../protocol/invariants.ts';
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
  readonly table: string;
  readonly keys: StoredItem;
  readonly item: StoredItem | undefined;
}

type Rows = ReadonlyMap<string, StoredItem>;
/** By the tables' names; those of SwarmKit's kinds are known to the compiler. */
type Streams = Readonly<Record<string, LambdaRecord[]>> & Readonly<Record<TableName, LambdaRecord[]>>;

/** One table, and what is remembered of it. */
interface Held {
  readonly schema: TablePlan;
  readonly rows: Map<string, StoredItem>;
  /** The same rows by partition, where the table has several to one. */
  readonly partitions: Map<string, Map<string, StoredItem>>;
  /** Earlier states, the latest last: what a read that is not consistent may see. */
  readonly past: Rows[];
  /** As plain items, until it is written. */
  plain: Item[] | undefined;
  readonly stream: LambdaRecord[];
}

const SEQUENCE_DIGITS = 21;
const NO_ROWS: Rows = new Map();

export class MemoryTables {
  readonly plan: Plan;
  readonly #tables: ReadonlyMap<string, Held>;
  readonly #pastMax: number;
  /** Each item as a plain one, which stays as it is as long as it is kept. */
  readonly #plainItems = new WeakMap<StoredItem, Item>();
  /** Records that no function has been given yet, by table. A test may drop, repeat or reorder them. */
  readonly streams: Streams;
  /** Called after each step with the world before and after it. */
  onStep: ((before: World, after: World) => void) | undefined;
  #sequence = 0;

  /**
   * @param pastMax earlier states of a table that an eventually consistent read may see
   * @param plan whose tables they are
   */
  constructor(pastMax = 0, plan = swarmkitPlan()) {
    this.plan = plan;
    this.#pastMax = pastMax;
    this.#tables = new Map(Object.entries(plan.tables).map(([name, schema]) => [name, emptyTable(schema)]));
    this.streams = Object.fromEntries([...this.#tables].map(([name, { stream }]) => [name, stream])) as Streams;
  }

  /** How a table is keyed, and what its stream carries. */
  schema(table: string): TablePlan {
    return this.#of(table).schema;
  }

  #of(table: string): Held {
    const found = this.#tables.get(table);
    if (found !== undefined) return found;
    throw new RangeError(`there is no table "${table}"; there are ${[...this.#tables.keys()].join(', ')}`);
  }

  /** Items are never changed in place: what is returned stays as it was. */
  find(table: string, keys: StoredItem): StoredItem | undefined {
    const { rows, schema } = this.#of(table);
    return rows.get(rowKey(schema, keys));
  }

  /** @param age how many writes of the table ago, as far as is remembered; 0 is now */
  rows(table: string, age = 0): Rows {
    const { rows, past } = this.#of(table);
    return age === 0 ? rows : (past[Math.max(0, past.length - age)] ?? rows);
  }

  /** The rows of one partition, if the table has sort keys, and perhaps others: the caller looks at the key as well. */
  partition(table: string, value: string | undefined, age = 0): Rows {
    const { schema, partitions } = this.#of(table);
    if (age > 0 || schema.sortKey === undefined) return this.rows(table, age);
    return partitions.get(value ?? '') ?? NO_ROWS;
  }

  get(table: string, keys: Keys): Item | undefined {
    const found = this.find(table, marshall(keysOf(this.schema(table), keys)));
    return found && unmarshall(found);
  }

  list(table: string): Item[] {
    const held = this.#of(table);
    held.plain ??= Array.from(held.rows.values(), (item) => this.#plainItem(item));
    return held.plain;
  }

  #plainItem(item: StoredItem): Item {
    const known = this.#plainItems.get(item) ?? unmarshall(item);
    this.#plainItems.set(item, known);
    return known;
  }

  put(table: string, item: Item): void {
    this.step([{ table, keys: item as Keys, item }]);
  }

  delete(table: string, keys: Keys): void {
    this.step([{ table, keys, item: undefined }]);
  }

  /** Several writes as one step. */
  step(writes: readonly { table: string; keys: Keys; item: Item | undefined }[]): void {
    this.write(
      writes.map(({ table, keys, item }) => ({
        table,
        keys: marshall(keysOf(this.schema(table), keys)),
        item: item && marshall(item, { removeUndefinedValues: true }),
      })),
    );
  }

  write(writes: readonly StoredWrite[]): void {
    const before = this.onStep && this.world();
    for (const { table, keys, item } of writes) {
      const held = this.#of(table);
      const key = rowKey(held.schema, keys);
      const old = held.rows.get(key);
      if (isSameItem(old, item)) continue;
      if (this.#pastMax > 0) {
        held.past.push(new Map(held.rows));
        if (held.past.length > this.#pastMax) held.past.shift();
      }
      place(held, keys, key, item);
      held.plain = undefined;
      this.#record(held, keys, old, item);
    }
    if (before) this.onStep?.(before, this.world());
  }

  world(): World {
    return Object.fromEntries([...this.#tables.keys()].map((table) => [table, this.list(table)])) as unknown as World;
  }

  #record({ schema, stream }: Held, keys: StoredItem, old: StoredItem | undefined, item: StoredItem | undefined): void {
    if (schema.stream === undefined) return;
    const images = schema.stream === 'NEW_AND_OLD_IMAGES';
    stream.push({
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

function emptyTable(schema: TablePlan): Held {
  return { schema, rows: new Map(), partitions: new Map(), past: [], plain: undefined, stream: [] };
}

function place({ schema, rows, partitions }: Held, keys: StoredItem, key: string, item: StoredItem | undefined): void {
  if (item === undefined) rows.delete(key);
  else rows.set(key, item);
  if (schema.sortKey === undefined) return;
  const partition = keys[schema.partitionKey]?.S as string;
  const own = partitions.get(partition) ?? new Map<string, StoredItem>();
  if (item === undefined) own.delete(key);
  else own.set(key, item);
  if (own.size === 0) partitions.delete(partition);
  else partitions.set(partition, own);
}

function keysOf(schema: TablePlan, keys: Keys): Keys {
  return Object.fromEntries(keyNames(schema).map((name) => [name, keys[name] as string]));
}

export function keyNames({ partitionKey, sortKey }: TablePlan): readonly string[] {
  return sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
}

export function rowKey({ partitionKey, sortKey }: TablePlan, keys: StoredItem): string {
  const partition = keys[partitionKey]?.S as string;
  return sortKey === undefined ? partition : JSON.stringify([partition, keys[sortKey]?.S]);
}
