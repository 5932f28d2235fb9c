/** What is left of a deletion: who had marked what, when and why, and what went together. */

import { type ItemKey, sameItem } from '../lifecycle/keys.ts';
import type { Circumstances } from './decide.ts';
import type { MarkedItem } from './model.ts';

const DAY_MILLIS = 24 * 60 * 60 * 1000;

/** A mark, as its maker declared it, and the name of what was marked. */
export interface ReceiptedMark {
  readonly markedAt: string;
  readonly markedBy: string | undefined;
  readonly markedReason: string | undefined;
  /** What people called it, where that is not its id. */
  readonly name?: string | undefined;
}

/**
 * Written in the deleting transaction itself, so that each deletion has one and nothing else does. An id that is used again
 * has several: `markedAt` tells its lives apart.
 */
export interface Receipt extends ReceiptedMark {
  readonly parent: ItemKey;
  /** When the deletion was sent, ISO 8601. */
  readonly deletedAt: string;
  /** What set it going: a function's name, and for a sweep also who had asked for it. */
  readonly trigger: string;
  /** What went in the same transaction. */
  readonly freed: readonly ({ readonly key: ItemKey } & ReceiptedMark)[];
  /** What it let go of, and that stayed. */
  readonly kept: readonly ItemKey[];
  /** When DynamoDB may forget it, in seconds of the epoch. */
  readonly expiresAtEpochSeconds: number;
}

export function writeReceipt(
  parent: MarkedItem,
  detached: readonly ItemKey[],
  freed: readonly MarkedItem[],
  { rules, nowEpochMillis }: Circumstances,
  trigger: string,
): Receipt {
  return {
    parent: parent.key,
    ...markOf(parent),
    deletedAt: new Date(nowEpochMillis).toISOString(),
    trigger,
    freed: freed.map((held) => ({ key: held.key, ...markOf(held) })),
    kept: detached.filter((key) => !freed.some((held) => sameItem(held.key, key))),
    expiresAtEpochSeconds: Math.ceil((nowEpochMillis + rules.receiptDays * DAY_MILLIS) / 1000),
  };
}

function markOf({ key, markedAt, markedBy, markedReason, name }: MarkedItem): ReceiptedMark {
  return { markedAt, markedBy, markedReason, ...(name !== undefined && name !== key.id && { name }) };
}
