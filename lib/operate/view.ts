/** What several reports tell of a marked object, in the form in which they are printed as JSON. */
import { type Circumstances, findHold } from '../protocol/decide.ts';
import { isMarked, type Parent } from '../protocol/model.ts';
import { markedAtEpochMillis } from '../protocol/time.ts';
import type { CounterFound } from './cluster.ts';
import { reasonOf, type StayReason } from './forecast.ts';

/** A mark. What is not known is absent. */
export interface MarkView {
  /** As it is stored: it tells this mark from any other of the same id. Absent until a function has stamped a raw mark. */
  readonly markedAt?: string;
  /** When it was made, ISO 8601, and how long ago; absent for a `markedAt` that tells no time. */
  readonly since?: string;
  readonly ageSeconds?: number;
  /** Who made it and why, as far as they said. */
  readonly by?: string;
  readonly reason?: string;
}

/** The deallocator's own count of what is left, which may be too low, and is set right when it reaches zero. */
export interface CounterView {
  /** Absent where the item holds what the deallocator never writes: until that is deleted, its parent stays. */
  readonly remaining?: number;
  /** When it began to count, ISO 8601. */
  readonly openedAt?: string;
  /** When it last counted a removal, ISO 8601, and how long ago that is. Absent before the first. */
  readonly progressedAt?: string;
  readonly progressAgeSeconds?: number;
}

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

/** A number of tasks, or of attached services. */
export interface CountView {
  readonly count: number;
  /** False: there are more, at least `count`. */
  readonly isExact: boolean;
}

export function viewMark(
  { markedAt, markedBy, markedReason }: Pick<Parent, 'markedAt' | 'markedBy' | 'markedReason'>,
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

/** What holds it though it is marked; of what is not marked, only a protection tells anything. */
export function viewHold(parent: Parent, circumstances: Circumstances): StayReason | undefined {
  if (!isMarked(parent)) return parent.isProtected ? { because: 'protected' } : undefined;
  const hold = findHold(parent, circumstances);
  return hold && reasonOf(hold);
}
