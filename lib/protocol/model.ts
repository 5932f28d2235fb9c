/** What the engine knows of an item: what it has read of it, and its counter. Which kinds there are, the plan says. */
import type { ItemKey } from '../lifecycle/keys.ts';

/**
 * `C[p]`: exists only while p drains. Invariant (S7): `remaining` ≤ living children + removal records that are not processed
 * yet. It may be too low, or negative: that costs a recount, and never a deletion.
 */
export interface Counter {
  readonly remaining: number;
  /** Fresh and random at each creation and each recount: it names one interval in which only decrements happened. */
  readonly epoch: string;
}

/** What a transaction compares of an item, by its paths: each value as it is stored, undefined where it was missing. */
export type AsRead = Readonly<Record<string, unknown>>;

/** An item as read: in step 2 of settle, as what may go along, or as a holder. */
export interface SeenItem {
  /** Its kind and id. */
  readonly key: ItemKey;
  /** True only for the BOOL `true`. No other value is a mark, not even the string "true": no proof, no delete. */
  readonly pendingDelete: boolean;
  /** Unique for each mark. Undefined until a function has stamped a mark that was written without it. */
  readonly markedAt: string | undefined;
  /** Who marked it, where that was said: for receipts and reports, never for a decision. */
  readonly markedBy: string | undefined;
  /** Why it was marked, where that was said. */
  readonly markedReason: string | undefined;
  /** What people call it, where its spec has a name: for receipts and reports, never for a decision. */
  readonly name?: string | undefined;
  /** True only for the BOOL `true`: marked or not, it stays until that is taken away. */
  readonly isProtected: boolean;
  /** What it holds, each once. An item that is gone by its state holds nothing. */
  readonly held: readonly ItemKey[];
  /** What it lets go of when it is deleted: what it holds, or has held until its state ended that. @default {@link held} */
  readonly letsGo?: readonly ItemKey[];
  /** What says that it holds these. Only the store looks into it. */
  readonly asRead: AsRead;
}

/** An item under a mark that a condition can name. */
export type MarkedItem = SeenItem & { readonly pendingDelete: true; readonly markedAt: string };

export function isMarked(item: SeenItem): item is MarkedItem {
  return item.pendingDelete && item.markedAt !== undefined;
}

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
