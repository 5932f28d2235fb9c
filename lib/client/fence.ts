import { allOf, conditioned, isNotMarked, isThere } from '../dynamodb/conditions.ts';
import type { Address } from '../dynamodb/items.ts';
import type { Action } from '../dynamodb/requests.ts';

/** The fence: the parent exists and is not marked, checked in the transaction that puts a child of it. */
export function fence(parent: Address): Action {
  return {
    ConditionCheck: {
      ...parent,
      ...conditioned(allOf(isThere, isNotMarked)),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}
