/** The six tables as data: keys, streams, index, and the environment variable that carries each physical name. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { PARENT_KINDS, type ParentKind } from '../protocol/model.ts';
import { needsTaskImages, type Rules } from '../protocol/rules.ts';

/** The six tables, by their names in this package. */
export type TableName = 'services' | 'tasks' | 'networks' | 'attachments' | 'counters' | 'receipts';

export interface TableSchema {
  /** Every key attribute is a string. */
  readonly partitionKey: string;
  readonly sortKey: string | undefined;
  readonly stream: 'NEW_AND_OLD_IMAGES' | 'KEYS_ONLY' | undefined;
  /** Whether it has {@link MARKED_INDEX}. */
  readonly marked: boolean;
  /** Where a function finds the physical name. */
  readonly variable: string;
}

export const TABLES: Record<TableName, TableSchema> = {
  services: {
    partitionKey: 'id',
    sortKey: undefined,
    stream: 'NEW_AND_OLD_IMAGES',
    marked: true,
    variable: 'SERVICES_TABLE',
  },
  tasks: {
    partitionKey: 'serviceId',
    sortKey: 'id',
    stream: 'KEYS_ONLY',
    marked: false,
    variable: 'TASKS_TABLE',
  },
  networks: {
    partitionKey: 'id',
    sortKey: undefined,
    stream: 'NEW_AND_OLD_IMAGES',
    marked: true,
    variable: 'NETWORKS_TABLE',
  },
  /** Two names, such as `network#front` and `service#web`: one table, whichever kinds they are of. */
  attachments: {
    partitionKey: 'held',
    sortKey: 'holder',
    stream: 'KEYS_ONLY',
    marked: false,
    variable: 'ATTACHMENTS_TABLE',
  },
  /** No stream: a decrement must wake no function. */
  counters: {
    partitionKey: 'id',
    sortKey: undefined,
    stream: undefined,
    marked: false,
    variable: 'COUNTERS_TABLE',
  },
  /** An item for each deletion, under the parent's name and the mark under which it went. */
  receipts: {
    partitionKey: 'id',
    sortKey: 'markedAt',
    stream: undefined,
    marked: false,
    variable: 'RECEIPTS_TABLE',
  },
};

/** What a table's stream carries. Only an image tells that a task has ended, or which networks it held. */
export function streamOf(table: TableName, rules: Rules): TableSchema['stream'] {
  return table === 'tasks' && needsTaskImages(rules) ? 'NEW_AND_OLD_IMAGES' : TABLES[table].stream;
}

/** The attribute at whose time, in seconds of the epoch, DynamoDB deletes a receipt. */
export const RECEIPT_EXPIRY = 'expiresAt';

/**
 * The sparse index over what is marked. Its partition key is the id, never a value that many items share: a hot key of an
 * index throttles the base table (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html).
 */
export const MARKED_INDEX = { name: 'marked', partitionKey: 'id', sortKey: 'markedAt' } as const;

export interface ParentTables {
  readonly parents: TableName;
  readonly children: TableName;
  /** What a child's partition key holds: its parent's id, or its name where the table has children of several kinds. */
  readonly childrenBy: 'id' | 'name';
}

/** Where each kind of parent and its children live. */
export const PARENT_TABLES: Record<ParentKind, ParentTables> = {
  service: { parents: 'services', children: 'tasks', childrenBy: 'id' },
  network: { parents: 'networks', children: 'attachments', childrenBy: 'name' },
};

export function parentTables(kind: string): ParentTables {
  return PARENT_TABLES[kind] as ParentTables;
}

/** Whether a table's items are parents or children, and of which kind: none where a child's key holds its parent's name. */
export function sideOf(table: TableName): { readonly of: 'parents' | 'children'; readonly kind?: ParentKind } {
  const own = PARENT_KINDS.find((kind) => parentTables(kind).parents === table);
  if (own !== undefined) return { of: 'parents', kind: own };
  const by = PARENT_KINDS.find(
    (kind) => parentTables(kind).children === table && parentTables(kind).childrenBy === 'id',
  );
  return { of: 'children', ...(by !== undefined && { kind: by }) };
}

/** What the partition key of a parent's children holds. */
export function partitionOf(parent: ItemKey): string {
  return parentTables(parent.kind).childrenBy === 'id' ? parent.id : itemName(parent);
}

/** Physical table names by their name in the plan. */
export type PhysicalNames = Readonly<Record<string, string>>;
/** Those of SwarmKit's kinds. */
export type SwarmkitNames = Readonly<Record<TableName, string>>;

/** The counters table's items that are no counters: where an unfinished sweep goes on, and what is learned. No item's name looks so. */
export const SWEEP_CURSOR_ID = 'sweep';
export const LIFECYCLE_ID = 'lifecycle';

/** Whether an item of the counters table is no counter, and not meant to be one. */
export function isOwnItem(id: unknown): boolean {
  return id === SWEEP_CURSOR_ID || id === LIFECYCLE_ID;
}
