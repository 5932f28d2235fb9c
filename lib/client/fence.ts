import type { Address } from '../dynamodb/addresses.ts';
import { allOf, isNotMarked, isThere } from '../dynamodb/conditions.ts';
import type { Action } from '../dynamodb/requests.ts';
import { check, TELLING } from '../dynamodb/writes.ts';

/** The fence: the parent exists and is not marked, checked in the transaction that puts a child of it. */
export function fence(parent: Address): Action {
  return check(parent, allOf(isThere, isNotMarked), TELLING);
}
