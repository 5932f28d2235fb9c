/** Actions for the transactions of writers that are not ours: the fence of an item, and the attachments of what one holds. */
import type { Database } from '../dynamodb/database.ts';
import { type DocumentAction, documentActions, type PlainAction, plainActions } from '../dynamodb/parts.ts';
import type { Action, Item } from '../dynamodb/requests.ts';
import { putKey, remove } from '../dynamodb/writes.ts';
import { type ItemKey, sameItem } from '../lifecycle/keys.ts';
import { heldBy, isGone } from '../lifecycle/references.ts';
import { told } from '../lifecycle/told.ts';
import { checkOptions, invalid, shown } from '../protocol/arguments.ts';
import { fence } from './fence.ts';
import { checkedKey, guardedKind, parentsOf, plannedKind } from './ids.ts';
import { checkedItemKey, itemGiven } from './new-items.ts';
import { checkedReferences, distinct } from './references.ts';

/**
 * For which of the SDK's clients actions are. `document`: `TransactWriteCommand` of `@aws-sdk/lib-dynamodb`, as ElectroDB and OneTable use
 * it. `plain`: `TransactWriteItemsCommand` of `@aws-sdk/client-dynamodb`.
 */
export type PartForm = 'document' | 'plain';

/** An action for a transaction of your own. */
export type TransactionPart<F extends PartForm = 'document'> = F extends 'plain' ? PlainAction : DocumentAction;

/** How actions for a transaction of your own are given. */
export interface PartOptions<F extends PartForm = 'document'> {
  /** For which of the SDK's clients. @default 'document' */
  readonly form?: F;
}

/** What an item holds instead of what it held. */
export interface HoldOptions<F extends PartForm = 'document'> extends PartOptions<F> {
  /** The item as it was read, where the transaction changes one that is there. @default - it is created */
  readonly before?: object;
}

export function fenceParts(database: Database, kind: string, id: unknown): Action[] {
  guardedKind(database.plan, kind);
  return [fence(database, checkedKey(database.plan, kind, id))];
}

/** @param before the item as it was read, where it is there already */
export function holdParts(database: Database, kind: string, given: unknown, before?: unknown): Action[] {
  const { plan, at } = database;
  const item = itemGiven(plan, kind, given);
  const key = checkedItemKey(plan, kind, item);
  const held = checkedReferences(plan, key, item);
  const planned = plannedKind(plan, kind);
  const was = before === undefined ? [] : heldBefore(database, key, before);
  // What was gone, and is to keep things again, is as new: it was not counted meanwhile.
  const isNew = before === undefined || (isGone(planned, before as Item) && !isGone(planned, item));
  const without = (all: readonly ItemKey[], others: readonly ItemKey[]) =>
    all.filter((one) => !others.some((other) => sameItem(one, other)));
  const added = without(held, was);
  const fenced = isNew ? [...parentsOf(plan, key), ...added] : added;
  return [
    ...distinct(fenced).map((other) => fence(database, other)),
    ...added.map((other) => putKey(at.attachment(other, key))),
    ...without(was, held).map((other) => remove(at.attachment(other, key))),
  ];
}

export function releaseParts(database: Database, kind: string, given: unknown): Action[] {
  const { plan, at } = database;
  const item = itemGiven(plan, kind, given);
  const key = checkedItemKey(plan, kind, item);
  return heldBy(plan, kind, item).map((other) => remove(at.attachment(other, key)));
}

function heldBefore({ plan }: Database, key: ItemKey, before: unknown): ItemKey[] {
  const item = itemGiven(plan, key.kind, before);
  const was = checkedItemKey(plan, key.kind, item);
  if (sameItem(was, key)) return heldBy(plan, key.kind, item);
  throw invalid(`before is ${told(plan, was)}, and the item is ${told(plan, key)}; give two states of one item`);
}

export function inForm<F extends PartForm>(actions: readonly Action[], options: PartOptions<F>): TransactionPart<F>[] {
  checkOptions(options);
  const { form = 'document' } = options;
  if (form !== 'document' && form !== 'plain') {
    throw invalid(`form is ${shown(form)}; it must be 'document' or 'plain'`);
  }
  return (form === 'plain' ? plainActions(actions) : documentActions(actions)) as TransactionPart<F>[];
}
