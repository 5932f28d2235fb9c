/**
 * What becomes of a parent, decided from what was read of it alone: no store, no time of its own. Settle decides with this,
 * and so does the forecast of `explain`, so that what is told beforehand is what happens.
 */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { type Learning, NOTHING_TO_LEARN } from './learning.ts';
import { isMarked, type MarkedItem, type SeenItem } from './model.ts';
import type { Rules } from './rules.ts';
import { markedAtEpochMillis } from './time.ts';

/** Why a marked parent stays although nothing uses it. */
export type Hold =
  | { readonly because: 'protected' }
  | { readonly because: 'grace period'; readonly untilEpochMillis: number }
  /** Users that are older than their declaration are being counted. Without a time, no sweep has seen the declaration yet. */
  | { readonly because: 'learning'; readonly sinceEpochMillis?: number };

/** The rules, and the moment at which they are asked. */
export interface Circumstances {
  readonly rules: Rules;
  readonly nowEpochMillis: number;
  /** What was being learned when that was read, before anything was counted. @default nothing */
  readonly learning?: Learning | undefined;
}

/** A mark that doesn't tell its time has no grace period: its end could not be known, and a mark must not stay for ever. */
export function findHold(
  parent: Pick<MarkedItem, 'key' | 'markedAt' | 'isProtected'>,
  { rules, nowEpochMillis, learning = NOTHING_TO_LEARN }: Circumstances,
): Hold | undefined {
  if (parent.isProtected) return { because: 'protected' };
  if (learning.has(parent.key.kind)) {
    const sinceEpochMillis = learning.get(parent.key.kind);
    return { because: 'learning', ...(sinceEpochMillis !== undefined && { sinceEpochMillis }) };
  }
  if (rules.gracePeriodMillis === 0) return undefined; // also where the marker's clock is ahead of this one
  const untilEpochMillis = (markedAtEpochMillis(parent.markedAt) ?? 0) + rules.gracePeriodMillis;
  return nowEpochMillis < untilEpochMillis ? { because: 'grace period', untilEpochMillis } : undefined;
}

/**
 * Whether what is held goes with the holder that lets go of it: it is marked, nothing makes it stay, and no other holder is attached.
 */
export function goesAlong(
  held: SeenItem | undefined,
  attached: readonly string[],
  letting: ItemKey,
  circumstances: Circumstances,
): held is MarkedItem {
  return (
    held !== undefined &&
    isMarked(held) &&
    findHold(held, circumstances) === undefined &&
    attached.every((holder) => holder === itemName(letting))
  );
}
