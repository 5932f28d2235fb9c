/** Marks and protections of guarded items: set and taken back, each by a transaction with a token of its own. */
import {
  allOf,
  type Condition,
  isMarked,
  isNotMarkedWithTime,
  isNotProtected,
  isProtected,
  isThere,
} from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import { setting } from '../dynamodb/expressions.ts';
import type { Item } from '../dynamodb/requests.ts';
import { TELLING, update } from '../dynamodb/writes.ts';
import type { OurAttribute } from '../lifecycle/declaration.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { checkDeclared } from '../protocol/arguments.ts';
import { isoNow, newMarkedAt } from '../protocol/time.ts';
import { notFound, underProtection } from './refusals.ts';
import type { Declared, Protection, Removal, Undeletion } from './types.ts';

const NO_MARK = { pendingDelete: undefined, markedAt: undefined, markedBy: undefined, markedReason: undefined };
const NO_UNDELETE = { unmarkedAt: undefined, unmarkedBy: undefined, unmarkedReason: undefined };

/**
 * Idempotent: a second mark keeps the first one's `markedAt`; a raw mark without a time gets one. Repeated after a lost
 * answer, a single write would put the same `markedAt` on again, over an undelete in between: docs/design.md §4.3 R4.
 */
export async function mark(database: Database, key: ItemKey, declared: Declared): Promise<Omit<Removal, 'id'>> {
  checkDeclared(declared);
  const { plan, at, chance } = database;
  const { pendingDelete, markedAt: markedAtName } = plan.attributes;
  const markedAt = newMarkedAt(chance);
  const markable = allOf(isThere(at.item(key)), isNotMarkedWithTime(plan), isNotProtected(plan));
  const facts = { markedAt, markedBy: declared.by, markedReason: declared.reason };
  const found = await change(database, key, markable, { pendingDelete: true, ...facts, ...NO_UNDELETE });
  if (found === 'done') return { markedAt, alreadyMarked: false };
  if (found[pendingDelete] !== true) throw underProtection(plan, key);
  return { markedAt: found[markedAtName] as string | undefined, alreadyMarked: true };
}

/** Repeated after a lost answer, a single write would clear a newer mark: docs/design.md §4.3 R5. */
export async function unmark(database: Database, key: ItemKey, declared: Declared): Promise<Omit<Undeletion, 'id'>> {
  checkDeclared(declared);
  const facts = { unmarkedAt: isoNow(database.chance), unmarkedBy: declared.by, unmarkedReason: declared.reason };
  const gone = 'if it was marked, its deletion has been committed and cannot be undone';
  return {
    wasMarked: (await change(database, key, isMarked(database.plan), { ...NO_MARK, ...facts }, gone)) === 'done',
  };
}

/** What is marked can be protected too: it then stays, and goes when the protection is taken away. */
export async function protect(database: Database, key: ItemKey, wanted: boolean): Promise<Omit<Protection, 'id'>> {
  const { plan, at } = database;
  const condition = wanted ? allOf(isThere(at.item(key)), isNotProtected(plan)) : isProtected(plan);
  return { changed: (await change(database, key, condition, { protected: wanted ? true : undefined })) === 'done' };
}

/**
 * Sets attributes, and removes those that are given as undefined. Returns `done`, or the item whose state forbade it; `NotFound` if it
 * is not there. A transaction, for its token: no repeat after a lost answer undoes what others did meanwhile.
 */
async function change(
  database: Database,
  key: ItemKey,
  condition: Condition,
  attributes: Readonly<Record<string, unknown>>,
  ifAbsent?: string,
): Promise<'done' | Item> {
  const { plan, requests, at } = database;
  const named = Object.entries(attributes).map(([name, value]) => [nameOf(plan, name), value]);
  const done = await requests.transact([update(at.item(key), setting(Object.fromEntries(named)), condition, TELLING)]);
  if (done.status === 'committed') return 'done';
  const found = done.places[0]?.found;
  if (found === undefined) throw notFound(plan, key, ifAbsent);
  return found;
}

/** What the items call one of our attributes. */
function nameOf({ attributes }: Plan, name: string): string {
  return Object.hasOwn(attributes, name) ? attributes[name as OurAttribute] : name;
}
