/** What a request has looked at and changed. */
import type { StoredItem } from './attribute-values.ts';

/** What a request has looked at and changed: all that its cost depends on. */
export interface Touched {
  readonly operation: string;
  readonly isConsistent: boolean;
  /** One by one for gets, missing ones included; a page for queries and scans, before any filter. */
  readonly read: readonly (StoredItem | undefined)[];
  /** Of a read of several partitions: what was read of each. */
  readonly partitions?: readonly (readonly StoredItem[])[];
  /** With the actions of a transaction that only check, or that was cancelled: there, `after` is `before`. */
  readonly written: readonly Written[];
}

export interface Written {
  readonly table: string;
  readonly before: StoredItem | undefined;
  readonly after: StoredItem | undefined;
  /** What a put would write, whether or not it did. */
  readonly put: StoredItem | undefined;
}
