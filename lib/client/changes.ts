/** Changes of items of any kind: what they hold changes with them, in one transaction. */
import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { allOf, holdsAsRead, isNotMarked, isThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import { attributePath, setting } from '../dynamodb/expressions.ts';
import { type Item, native, type StoredItem, StoredValue } from '../dynamodb/requests.ts';
import { remove, update } from '../dynamodb/writes.ts';
import { attributesOf } from '../lifecycle/ids.ts';
import { type ItemKey, sameItem } from '../lifecycle/keys.ts';
import { heldBy, isGone } from '../lifecycle/references.ts';
import { told } from '../lifecycle/told.ts';
import { invalid, shown } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { TRANSACTION_ACTIONS_MAX, UPDATE_TRIES_MAX } from '../protocol/limits.ts';
import { parentsOf, plannedKind } from './ids.ts';
import { attachStep, fenceStep } from './new-items.ts';
import { checkedReferences, decisiveAttributes, toStored } from './references.ts';
import { beingDeleted, notFound } from './refusals.ts';

/** Gets an item of its own, and gives the item as it is to be. */
export type Change = (item: Item) => unknown;

export function checkChange(change: unknown): void {
  if (typeof change !== 'function') throw invalid(`change is ${shown(change)}; it must be a function`);
}

/** @param only the attributes that are written; absent: those that were changed */
export async function updateItem(
  database: Database,
  key: ItemKey,
  change: Change,
  only?: readonly string[],
): Promise<Item> {
  checkChange(change);
  for (let tries = 1; tries <= UPDATE_TRIES_MAX; tries++) {
    const stored = await readStored(database, key);
    const updated = await tryUpdate(database, key, stored, change, only);
    if (updated !== undefined) return updated;
  }
  throw new DeallocatorError(
    'Aborted',
    `${told(database.plan, key)} was changed by others each of the ${UPDATE_TRIES_MAX} times that its update was tried; try again`,
  );
}

/** Leaves are read as many, since that is what writers are permitted. */
async function readStored(database: Database, key: ItemKey): Promise<StoredItem> {
  const { requests, plan, at } = database;
  const { isGuarded } = plannedKind(plan, key.kind);
  const address = at.item(key);
  const stored = isGuarded
    ? await requests.getStored(address)
    : (await requests.batchGetStored(address.TableName, [address.Key]))[0];
  if (stored === undefined) throw notFound(plan, key);
  return stored;
}

/** Undefined: others were faster. */
async function tryUpdate(
  database: Database,
  key: ItemKey,
  stored: StoredItem,
  change: Change,
  only: readonly string[] | undefined,
): Promise<Item | undefined> {
  const { plan, requests, at } = database;
  const planned = plannedKind(plan, key.kind);
  const before = native(stored);
  if (planned.isGuarded && before[plan.attributes.pendingDelete] === true) {
    throw beingDeleted(plan, key, before, 'it was not updated; undelete it first');
  }
  for (const attribute of only ?? []) refuseLossy(database, key, attribute, stored);
  // Translated anew: a clone would lose numbers that JavaScript has no room for.
  const changed = checkedChange(database, key, change(native(stored)));
  const after = only === undefined ? changed : { ...before, ...pick(changed, only) };
  const written = only ?? changedAttributes(before, after);
  if (only === undefined) checkWritten(database, key, written, stored);
  const held = checkedReferences(plan, key, after);
  if (written.length === 0) return after;
  const was = heldBy(plan, key.kind, before);
  const added = held.filter((one) => !was.some((other) => sameItem(one, other)));
  const dropped = was.filter((one) => !held.some((other) => sameItem(one, other)));
  const compared = [...new Set([...written, ...decisiveAttributes(planned)])];
  const address = at.item(key);
  const fit = planned.isGuarded ? [isThere(address), isNotMarked(plan)] : [isThere(address)];
  const condition = allOf(...fit, ...holdsAsRead(asRead(stored, compared)));
  // What was gone, and is to keep things again, is as new: it was not counted meanwhile.
  const parents = isGone(planned, before) && !isGone(planned, after) ? parentsOf(plan, key) : [];
  const fences = [...parents, ...added].map((one) => fenceStep(database, one, `${told(plan, key)} was not updated`));
  const actions = [
    update(address, setting(pick(after, written)), condition),
    ...fences.map(({ action }) => action),
    ...added.map((one) => attachStep(database, one, key).action),
    ...dropped.map((one) => remove(at.attachment(one, key))),
  ];
  if (actions.length > TRANSACTION_ACTIONS_MAX) throw tooMany(database, key, actions.length);
  const done = await requests.transact(actions);
  if (done.status === 'committed') return after;
  for (const { place, found } of done.places) {
    const refused = fences[place - 1]?.refused;
    if (refused !== undefined) throw refused(found);
  }
  return undefined;
}

/** Whole attributes, those that were not there included. */
function asRead(stored: StoredItem, attributes: readonly string[]): Readonly<Record<string, StoredValue | undefined>> {
  return Object.fromEntries(
    attributes.map((attribute) => {
      const value = Object.hasOwn(stored, attribute) ? stored[attribute] : undefined;
      return [attributePath(attribute), value && new StoredValue(value)];
    }),
  );
}

function tooMany({ plan }: Database, key: ItemKey, actions: number): DeallocatorError {
  const plurals = plannedKind(plan, key.kind).holds.map(({ kind }) => plannedKind(plan, kind).words.plural);
  return invalid(
    `the update of ${told(plan, key)} takes ${actions} actions, and one transaction holds ${TRANSACTION_ACTIONS_MAX}; change fewer ${[...new Set(plurals)].join(' and ')} at once`,
  );
}

function checkedChange({ plan }: Database, key: ItemKey, changed: unknown): Item {
  const isItem = typeof changed === 'object' && changed !== null && !Array.isArray(changed);
  if (isItem && !('then' in changed)) return changed as Item;
  throw invalid(`the change of ${told(plan, key)} gave ${shown(changed)}; it must give the item as it is to be`);
}

function pick(item: Item, attributes: readonly string[]): Item {
  return Object.fromEntries(attributes.map((attribute) => [attribute, item[attribute]]));
}

function changedAttributes(before: Item, after: Item): string[] {
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...all].filter((attribute) => !isDeepStrictEqual(before[attribute], after[attribute]));
}

/** The key is what an item is; our attributes have methods of their own. */
function checkWritten(database: Database, key: ItemKey, written: readonly string[], stored: StoredItem): void {
  const { plan } = database;
  const own = Object.keys(attributesOf(plan, key)).find((attribute) => written.includes(attribute));
  if (own !== undefined) {
    throw invalid(
      `the change of ${told(plan, key)} gave another ${own}, which is its key; create another item instead`,
    );
  }
  const ours = Object.values(plan.attributes).find((attribute) => written.includes(attribute));
  if (ours !== undefined && plannedKind(plan, key.kind).isGuarded) {
    throw invalid(`the change of ${told(plan, key)} gave another ${ours}; use remove, undelete, protect or unprotect`);
  }
  for (const attribute of written) refuseLossy(database, key, attribute, stored);
}

/** Refuses an attribute that would not come back whole, rather than write it with something missing. */
function refuseLossy({ plan }: Database, key: ItemKey, attribute: string, stored: StoredItem): void {
  const value = Object.hasOwn(stored, attribute) ? stored[attribute] : undefined;
  if (value === undefined || isLossless(attribute, value)) return;
  throw new DeallocatorError(
    'FailedPrecondition',
    `the ${attribute} of ${told(plan, key)} holds what the AWS SDK loses between DynamoDB and JavaScript, such as an attribute called __proto__ or constructor, or a set of small and very large numbers: it was not updated; change it without the client`,
  );
}

function isLossless(attribute: string, stored: AttributeValue): boolean {
  try {
    const own = native({ [attribute]: stored });
    return Object.hasOwn(own, attribute) && isDeepStrictEqual(toStored(attribute, own[attribute]), stored);
  } catch {
    return false; // what can't even be translated back
  }
}
