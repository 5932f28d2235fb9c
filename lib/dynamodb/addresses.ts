/** Where each item lives. */
import { type ParentKey, type ParentKind, parentName, type UserKey, userName } from '../protocol/model.ts';
import { PARENT_TABLES, type PhysicalNames, SWEEP_CURSOR_ID, TABLES } from './schema.ts';

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
    return this.tables[PARENT_TABLES[kind].parents];
  }

  /** The table of a parent's children. */
  children({ kind }: ParentKey): string {
    return this.tables[PARENT_TABLES[kind].children];
  }

  counter(parent: ParentKey): Address {
    return this.counterNamed(parentName(parent));
  }

  /** Whatever the name is: an item that raw writers put there may have any. */
  counterNamed(id: string): Address {
    return { TableName: this.tables.counters, Key: { [TABLES.counters.partitionKey]: id } };
  }

  sweepCursor(): Address {
    return this.counterNamed(SWEEP_CURSOR_ID);
  }

  parent({ kind, id }: ParentKey): Address {
    const table = PARENT_TABLES[kind].parents;
    return { TableName: this.tables[table], Key: { [TABLES[table].partitionKey]: id } };
  }

  task(serviceId: string, id: string): Address {
    return { TableName: this.tables.tasks, Key: { serviceId, id } };
  }

  receipt(parent: ParentKey, markedAt: string): Address {
    return { TableName: this.tables.receipts, Key: { id: parentName(parent), markedAt } };
  }

  attachment(held: ParentKey, holder: UserKey): Address {
    return this.attachmentNamed(parentName(held), userName(holder));
  }

  /** Whatever the names are, as in {@link counterNamed}. */
  attachmentNamed(held: string, holder: string): Address {
    return { TableName: this.tables.attachments, Key: { held, holder } };
  }
}
