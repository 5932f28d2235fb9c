/** Names in the tables that no lifecycle changes. */
import type { SWARMKIT } from '../lifecycle/swarmkit.ts';

type SwarmkitKinds = (typeof SWARMKIT)['kinds'];

/** The tables of SwarmKit's kinds, by their names in the plan: each kind's own, and those of the deallocator. */
export type TableName = SwarmkitKinds[keyof SwarmkitKinds]['table'] | 'attachments' | 'counters' | 'receipts';

/** The attribute at whose time, in seconds of the epoch, DynamoDB deletes a receipt. */
export const RECEIPT_EXPIRY = 'expiresAt';

/**
 * The sparse index over what is marked. Its partition key is the id, never a value that many items share: a hot key of an
 * index throttles the base table (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html).
 */
export const MARKED_INDEX = { name: 'marked', partitionKey: 'id', sortKey: 'markedAt' } as const;

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
