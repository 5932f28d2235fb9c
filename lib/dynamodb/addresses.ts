/** Where each item lives. */

import { attributesOf } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { invalid } from '../protocol/arguments.ts';
import { LIFECYCLE_ID, type PhysicalNames, SWEEP_CURSOR_ID } from './schema.ts';

export type Key = Readonly<Record<string, string>>;

export interface Address {
  readonly TableName: string;
  readonly Key: Key;
}

export class Addresses {
  readonly tables: PhysicalNames;
  readonly #plan: Plan;

  constructor(plan: Plan, tables: PhysicalNames) {
    this.#plan = plan;
    this.tables = tables;
  }

  /** The physical name of one of the plan's tables. */
  table(name: string): string {
    const physical = Object.hasOwn(this.tables, name) ? this.tables[name] : undefined;
    if (physical !== undefined) return physical;
    const named = Object.keys(this.tables).join(', ') || 'none';
    throw invalid(`the table ${name} has no physical name; names were given for ${named}: give one for ${name} too`);
  }

  /** The table of a kind. */
  tableOf(kind: string): string {
    return this.table((this.#plan.kinds[kind] as KindPlan).table);
  }

  item(key: ItemKey): Address {
    return { TableName: this.tableOf(key.kind), Key: attributesOf(this.#plan, key) };
  }

  counter(key: ItemKey): Address {
    return this.counterNamed(itemName(key));
  }

  /** Whatever the name is: an item that raw writers put there may have any. */
  counterNamed(id: string): Address {
    return this.#own('counters', id);
  }

  sweepCursor(): Address {
    return this.counterNamed(SWEEP_CURSOR_ID);
  }

  lifecycle(): Address {
    return this.counterNamed(LIFECYCLE_ID);
  }

  receipt(key: ItemKey, markedAt: string): Address {
    return this.#own('receipts', itemName(key), markedAt);
  }

  attachment(held: ItemKey, holder: ItemKey): Address {
    return this.attachmentNamed(itemName(held), itemName(holder));
  }

  /** Whatever the names are, as in {@link counterNamed}. */
  attachmentNamed(held: string, holder: string): Address {
    return this.#own('attachments', held, holder);
  }

  #own(name: string, partition: string, sort?: string): Address {
    const table = this.#plan.tables[name];
    if (table === undefined) throw invalid(`the lifecycle has no ${name}: none of its kinds holds another`);
    const { partitionKey, sortKey } = table;
    const Key = { [partitionKey]: partition, ...(sort !== undefined && { [sortKey as string]: sort }) };
    return { TableName: this.table(name), Key };
  }
}
