/** What the client answers when a condition was false: the object, its state, and what to do. */
import type { Item } from '../dynamodb/requests.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import type { ParentKind } from '../protocol/model.ts';
import { timeOfMark } from '../protocol/time.ts';

export function notFound(kind: ParentKind, id: string, more?: string): DeallocatorError {
  return new DeallocatorError('NotFound', `${kind} ${id} is not there${more ? `; ${more}` : ''}`);
}

export function alreadyExists(kind: ParentKind, id: string, found: Item | undefined): DeallocatorError {
  const isGoing = found?.pendingDelete === true;
  const advice = isGoing
    ? `and is being deleted (marked ${timeOfMark(found.markedAt)}); wait until it is gone, or undelete it`
    : 'and is not marked for deletion; choose another id, or update it';
  return new DeallocatorError('AlreadyExists', `${kind} ${id} exists ${advice}`);
}

export function beingDeleted(kind: ParentKind, item: Item, consequence: string): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `${kind} ${item.id} is marked for deletion (${timeOfMark(item.markedAt)}): ${consequence}`,
    { blockers: [`${kind}#${item.id}`] },
  );
}

/** A parent that a new reference or a new child needs is absent or marked. */
export function unfit(kind: ParentKind, id: string, found: Item | undefined, consequence: string): DeallocatorError {
  if (found === undefined) return notFound(kind, id, `${consequence}; create it first`);
  return beingDeleted(kind, found, `${consequence}; undelete it first, or use another`);
}

export function underProtection(kind: ParentKind, id: string): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `${kind} ${id} is protected, and was not marked; take its protection away first`,
    { blockers: [`${kind}#${id}`] },
  );
}
