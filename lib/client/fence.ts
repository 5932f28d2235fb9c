import { allOf, isNotMarked, isThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import type { Action } from '../dynamodb/requests.ts';
import { check, TELLING } from '../dynamodb/writes.ts';
import type { ItemKey } from '../lifecycle/keys.ts';

/** The fence: the item exists and is not marked, checked in the transaction that puts what depends on it. */
export function fence({ plan, at }: Pick<Database, 'plan' | 'at'>, key: ItemKey): Action {
  const address = at.item(key);
  return check(address, allOf(isThere(address), isNotMarked(plan)), TELLING);
}
