/** What the client answers when a condition was false: the object, its state, and what to do. */
import type { Item } from '../dynamodb/requests.ts';
import { partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { told } from '../lifecycle/told.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { timeOfMark } from '../protocol/time.ts';
import { parentsOf, plannedKind } from './ids.ts';

export function notFound(plan: Plan, key: ItemKey, more?: string): DeallocatorError {
  return new DeallocatorError('NotFound', `${told(plan, key)} is not there${more ? `; ${more}` : ''}`);
}

export function alreadyExists(plan: Plan, key: ItemKey, found: Item | undefined): DeallocatorError {
  const { isGuarded, parts, words } = plannedKind(plan, key.kind);
  if (!isGuarded) {
    const [parent] = parentsOf(plan, key);
    const own = partsOfKey(plan, key)[parts.at(-1) as string];
    const exists =
      parent === undefined ? `${told(plan, key)} exists` : `${told(plan, parent)} has ${words.singular} ${own} already`;
    return new DeallocatorError('AlreadyExists', `${exists}; choose another id`);
  }
  const isGoing = found?.[plan.attributes.pendingDelete] === true;
  const advice = isGoing
    ? `and is being deleted (marked ${timeOfMark(markedAtOf(plan, found))}); wait until it is gone, or undelete it`
    : 'and is not marked for deletion; choose another id, or update it';
  return new DeallocatorError('AlreadyExists', `${told(plan, key)} exists ${advice}`);
}

export function beingDeleted(plan: Plan, key: ItemKey, item: Item, consequence: string): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `${told(plan, key)} is marked for deletion (${timeOfMark(markedAtOf(plan, item))}): ${consequence}`,
    { blockers: [itemName(key)] },
  );
}

/** What a new reference or a new child needs is absent or marked. */
export function unfit(plan: Plan, key: ItemKey, found: Item | undefined, consequence: string): DeallocatorError {
  if (found === undefined) return notFound(plan, key, `${consequence}; create it first`);
  return beingDeleted(plan, key, found, `${consequence}; undelete it first, or use another`);
}

export function underProtection(plan: Plan, key: ItemKey): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `${told(plan, key)} is protected, and was not marked; take its protection away first`,
    { blockers: [itemName(key)] },
  );
}

function markedAtOf({ attributes }: Plan, item: Item): string | undefined {
  const markedAt = item[attributes.markedAt];
  return typeof markedAt === 'string' ? markedAt : undefined;
}
