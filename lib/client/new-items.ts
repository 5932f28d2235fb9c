/** New items of any kind: what is checked of one before anything is sent, and the actions that put it behind the fence. */
import { isNotThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import type { Action, Item } from '../dynamodb/requests.ts';
import { put, putKey, TELLING } from '../dynamodb/writes.ts';
import { attributesOf } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { isBare, partsIn, readWith } from '../lifecycle/templates.ts';
import { told } from '../lifecycle/told.ts';
import { checkList, checkOptions, invalid, shown } from '../protocol/arguments.ts';
import type { DeallocatorError } from '../protocol/errors.ts';
import { TRANSACTION_ACTIONS_MAX } from '../protocol/limits.ts';
import { fence } from './fence.ts';
import { aOr, checkedKey, checkedParts, parentsOf, plannedKind } from './ids.ts';
import { checkedReferences, distinct } from './references.ts';
import { alreadyExists, unfit } from './refusals.ts';

/** A new item, and what it depends on. */
export interface NewItem {
  readonly key: ItemKey;
  readonly item: Item;
  /** What it lies under by its key. */
  readonly parents: readonly ItemKey[];
  /** What it holds by value. */
  readonly held: readonly ItemKey[];
}

/** An action, and what is answered where its condition was false. */
interface Step {
  readonly action: Action;
  readonly refused?: (found: Item | undefined) => DeallocatorError;
}

/** From an item with its key attributes. */
export function newItem(plan: Plan, kind: string, item: unknown): NewItem {
  const given = itemGiven(plan, kind, item);
  return checkedNew(plan, checkedItemKey(plan, kind, given), given);
}

export function itemGiven(plan: Plan, kind: string, item: unknown): Item {
  const { words } = plannedKind(plan, kind);
  if (typeof item === 'object' && item !== null) return item as Item;
  throw invalid(`${aOr(words.singular)} is ${shown(item)}; it must be an object`);
}

/** From an id, and the attributes beside the key. */
export function newItemOf(plan: Plan, kind: string, id: unknown, rest: unknown): NewItem {
  const key = checkedKey(plan, kind, id);
  if (typeof rest !== 'object' || rest === null) {
    throw invalid(`the attributes of ${told(plan, key)} are ${shown(rest)}; they must be an object`);
  }
  const own = attributesOf(plan, key);
  for (const [attribute, text] of Object.entries(own)) {
    const given = (rest as Item)[attribute];
    if (given !== undefined && given !== text) {
      throw invalid(
        `${attribute} of ${told(plan, key)} is ${shown(given)}, and by its id it is ${shown(text)}; leave it out`,
      );
    }
  }
  return checkedNew(plan, key, { ...rest, ...own });
}

/** The item's key. `InvalidArgument` where it is no item of that kind. */
export function checkedItemKey(plan: Plan, kind: string, item: Item): ItemKey {
  const planned = plannedKind(plan, kind);
  const parts: Record<string, unknown> = {};
  for (const [attribute, template] of Object.entries(planned.key)) {
    const value = item[attribute];
    const found = typeof value === 'string' ? readWith(template, value) : undefined;
    if (found !== undefined) Object.assign(parts, found);
    else if (isBare(template)) parts[partsIn(template)[0] as string] = value;
    else {
      throw invalid(
        `${attribute} of ${aOr(planned.words.singular)} is ${shown(value)}; it must have the form ${template}`,
      );
    }
  }
  const key = checkedParts(plan, kind, parts);
  const own = attributesOf(plan, key);
  const other = Object.keys(own).find((attribute) => own[attribute] !== item[attribute]);
  if (other === undefined) return key;
  throw invalid(
    `${other} of ${told(plan, key)} is ${shown(item[other])}; its other key attributes ask for ${shown(own[other])}`,
  );
}

function checkedNew(plan: Plan, key: ItemKey, item: Item): NewItem {
  const { pendingDelete, markedAt } = plan.attributes;
  if (plannedKind(plan, key.kind).isGuarded && (item[pendingDelete] !== undefined || item[markedAt] !== undefined)) {
    throw invalid(
      `${told(plan, key)} carries ${pendingDelete} or ${markedAt}; create it without, and mark it with its remove method`,
    );
  }
  return { key, item, parents: parentsOf(plan, key), held: checkedReferences(plan, key, item) };
}

export async function createItem(database: Database, created: NewItem): Promise<void> {
  const consequence = `${told(database.plan, created.key)} was not created`;
  const fenced = (key: ItemKey) => fenceStep(database, key, consequence);
  await commit(database, [
    putStep(database, created),
    ...created.parents.map(fenced),
    ...created.held.flatMap((key) => [fenced(key), attachStep(database, key, created.key)]),
  ]);
}

/**
 * In one transaction, with one fence for each item that is depended on and not created with them: the condition of its own put says
 * that it is there and not marked.
 *
 * @param existing what is answered where some of them are there already
 */
export async function createItems(
  database: Database,
  all: readonly NewItem[],
  consequence: string,
  existing?: (keys: readonly ItemKey[]) => DeallocatorError,
): Promise<void> {
  if (all.length === 0) return;
  const fences = fencesOf(all).map((key) => fenceStep(database, key, consequence));
  const puts = all.map((each) => putStep(database, each));
  const attachments = all.flatMap(({ key, held }) => held.map((other) => attachStep(database, other, key)));
  const steps = [...fences, ...puts, ...attachments];
  if (steps.length > TRANSACTION_ACTIONS_MAX) {
    throw invalid(
      `${all.length} objects take ${steps.length} actions, and one transaction holds ${TRANSACTION_ACTIONS_MAX}; create fewer together`,
    );
  }
  await commit(database, steps, (places) => {
    const keys = places.map((place) => all[place - fences.length]?.key).filter((key) => key !== undefined);
    return existing !== undefined && keys.length === places.length ? existing(keys) : undefined;
  });
}

/** What must be there, and not marked, before these are put. */
export function fencesOf(all: readonly NewItem[]): ItemKey[] {
  const own = new Set(all.map(({ key }) => itemName(key)));
  const wanted = [...all.flatMap(({ held }) => held), ...all.flatMap(({ parents }) => parents)];
  return distinct(wanted).filter((key) => !own.has(itemName(key)));
}

/** Given by the names of the kinds' tables. */
export async function createTogether(database: Database, objects: Readonly<Record<string, unknown>>): Promise<void> {
  checkOptions(objects);
  const { plan } = database;
  const all = Object.entries(plan.kinds).flatMap(([kind, { table }]): NewItem[] => {
    const list = objects[table] ?? [];
    checkList(table, list);
    return (list as unknown[]).map((item) => newItem(plan, kind, item));
  });
  await createItems(database, all, `${all.length} objects were not created`);
}

export function fenceStep(database: Database, key: ItemKey, consequence: string): Step {
  return { action: fence(database, key), refused: (found) => unfit(database.plan, key, found, consequence) };
}

export function attachStep({ at }: Database, held: ItemKey, holder: ItemKey): Step {
  return { action: putKey(at.attachment(held, holder)) };
}

function putStep(database: Database, { key, item }: NewItem): Step {
  const { plan, at } = database;
  const address = at.item(key);
  const telling = plannedKind(plan, key.kind).isGuarded ? TELLING : undefined;
  return {
    action: put(address.TableName, item, isNotThere(address), telling),
    refused: (found) => alreadyExists(plan, key, found),
  };
}

/** @param all what is answered to all places at once; else the first one answers */
async function commit(
  { requests }: Database,
  steps: readonly Step[],
  all?: (places: readonly number[]) => DeallocatorError | undefined,
): Promise<void> {
  const done = await requests.transact(steps.map(({ action }) => action));
  if (done.status === 'committed') return;
  const told = all?.(done.places.map(({ place }) => place));
  if (told !== undefined) throw told;
  for (const { place, found } of done.places) {
    const refused = steps[place]?.refused;
    if (refused !== undefined) throw refused(found);
  }
}
