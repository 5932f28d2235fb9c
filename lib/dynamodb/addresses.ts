/** Where each item lives. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { ParentKind } from '../protocol/model.ts';
import { isParent, taskParts } from '../protocol/model.ts';
import { LIFECYCLE_ID, type PhysicalNames, parentTables, SWEEP_CURSOR_ID, TABLES } from './schema.ts';

export type Key = Record<string, string>;

export interface Address {
  readonly TableName: string;
  readonly Key: Key;
}

export class Addresses {
  readonly tables: PhysicalNames;

  constructor(tables: PhysicalNames) {
    this.tables = tables;
  }

  /** The table of a kind's parents. */
  parents(kind: ParentKind): string {
    return this.tables[parentTables(kind).parents];
  }

  /** The table of a kind's items, whether they are marked or deleted plainly. */
  ofKind(kind: string): string {
    return isParent({ kind, id: '' }) ? this.parents(kind) : this.tables.tasks;
  }

  /** The table of a parent's children. */
  children({ kind }: ItemKey): string {
    return this.tables[parentTables(kind).children];
  }

  counter(parent: ItemKey): Address {
    return this.counterNamed(itemName(parent));
  }

  /** Whatever the name is: an item that raw writers put there may have any. */
  counterNamed(id: string): Address {
    return { TableName: this.tables.counters, Key: { [TABLES.counters.partitionKey]: id } };
  }

  sweepCursor(): Address {
    return this.counterNamed(SWEEP_CURSOR_ID);
  }

  lifecycle(): Address {
    return this.counterNamed(LIFECYCLE_ID);
  }

  parent({ kind, id }: ItemKey): Address {
    const table = parentTables(kind).parents;
    return { TableName: this.tables[table], Key: { [TABLES[table].partitionKey]: id } };
  }

  task(key: ItemKey): Address {
    return { TableName: this.tables.tasks, Key: { ...taskParts(key) } };
  }

  receipt(parent: ItemKey, markedAt: string): Address {
    return { TableName: this.tables.receipts, Key: { id: itemName(parent), markedAt } };
  }

  attachment(held: ItemKey, holder: ItemKey): Address {
    return this.attachmentNamed(itemName(held), itemName(holder));
  }

  /** Whatever the names are, as in {@link counterNamed}. */
  attachmentNamed(held: string, holder: string): Address {
    return { TableName: this.tables.attachments, Key: { held, holder } };
  }
}
