/** How reports show marks, counters and holds, also as JSON. */
import { type Circumstances, findHold } from '../../protocol/decide.ts';
import { isMarked, type SeenItem } from '../../protocol/model.ts';
import { markedAtEpochMillis } from '../../protocol/time.ts';
import type { CounterFound } from './cluster.ts';
import { reasonOf, type StayReason } from './foreseen.ts';
import type { ChildrenFound, UsersFound } from './found.ts';

/** A mark. A field that is not known is absent. */
export interface MarkView {
  /** As stored, unique for each mark of an id. Absent until a function has stamped the mark of a raw writer. */
  readonly markedAt?: string;
  /** When it was made, ISO 8601; absent for a `markedAt` that tells no time. */
  readonly since?: string;
  /** How long ago that was, in seconds. */
  readonly ageSeconds?: number;
  /** Who made it, where that was said. */
  readonly by?: string;
  /** Why, where that was said. */
  readonly reason?: string;
}

/** The deallocator's own count of what is left. It may be too low, and is set right when it reaches zero. */
export interface CounterView {
  /** Absent where a raw writer overwrote the item: its parent stays until the item is deleted. */
  readonly remaining?: number;
  /** When it began to count, ISO 8601. */
  readonly openedAt?: string;
  /** When it last counted a removal, ISO 8601. Absent before the first. */
  readonly progressedAt?: string;
  /** How long ago that was, in seconds. */
  readonly progressAgeSeconds?: number;
}

/** A counter as reports show it. */
export function viewCounter({ remaining, openedAt, progressedAt }: CounterFound, nowEpochMillis: number): CounterView {
  return {
    ...(remaining !== undefined && { remaining }),
    ...(openedAt !== undefined && { openedAt }),
    ...(progressedAt !== undefined && {
      progressedAt,
      progressAgeSeconds: Math.round((nowEpochMillis - Date.parse(progressedAt)) / 1000),
    }),
  };
}

/** A number of what keeps an object, such as its tasks or its users. */
export interface CountView {
  /** How many there are, or at least. */
  readonly count: number;
  /** False: there are at least `count`. */
  readonly isExact: boolean;
}

/** All that keeps an object: what lies under its key, and its users. */
export function allChildren(
  children: readonly ChildrenFound[] = [],
  { users, isWhole }: UsersFound = { users: [], isWhole: true },
): CountView {
  const isExact = isWhole && children.every((one) => one.isExact);
  return { count: underKeyCount(children) + users.length, isExact };
}

/** How many lie under its key, of whatever kinds. */
export function underKeyCount(children: readonly CountView[] = []): number {
  return children.reduce((sum, { count }) => sum + count, 0);
}

/** A mark as reports show it. */
export function viewMark(
  { markedAt, markedBy, markedReason }: Pick<SeenItem, 'markedAt' | 'markedBy' | 'markedReason'>,
  nowEpochMillis: number,
): MarkView {
  const millis = markedAt === undefined ? undefined : markedAtEpochMillis(markedAt);
  return {
    ...(markedAt !== undefined && { markedAt }),
    ...(millis !== undefined && {
      since: new Date(millis).toISOString(),
      ageSeconds: Math.round((nowEpochMillis - millis) / 1000),
    }),
    ...(markedBy !== undefined && { by: markedBy }),
    ...(markedReason !== undefined && { reason: markedReason }),
  };
}

/** What holds it beside its children. Without a mark, that can only be a protection. */
export function viewHold(parent: SeenItem, circumstances: Circumstances): StayReason | undefined {
  if (!isMarked(parent)) return parent.isProtected ? { because: 'protected' } : undefined;
  const hold = findHold(parent, circumstances);
  return hold && reasonOf(hold);
}
