import { allOf, isNotMarked, isThere } from '../dynamodb/conditions.ts';
import type { Database } from '../dynamodb/database.ts';
import type { Action } from '../dynamodb/requests.ts';
import { check, TELLING } from '../dynamodb/writes.ts';
import type { ItemKey } from '../lifecycle/keys.ts';

/** The fence: the parent exists and is not marked, checked in the transaction that puts a child of it. */
export function fence({ plan, at }: Pick<Database, 'plan' | 'at'>, parent: ItemKey): Action {
  const address = at.item(parent);
  return check(address, allOf(isThere(address), isNotMarked(plan)), TELLING);
}
