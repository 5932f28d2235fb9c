/**
 * What the protocol asks of a store. Every method is one request (or a few pages of one) that is atomic by itself, and
 * anything may happen between two of them. A method that can't find out what it was asked throws: no proof, no delete.
 *
 * `lib/dynamodb` implements it. Tests run that store on DynamoDB Local and on an engine in memory; test/contract holds both
 * engines to the same sentences.
 */

import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { LifecycleStore } from './learning.ts';
import type { Counter, MarkedItem, SeenItem } from './model.ts';
import type { Page, PageKey } from './pages.ts';
import type { Receipt } from './receipt.ts';

/** What became of a counter's delete: done, no counter was there, or one of another epoch was. */
export type Closed = 'done' | 'gone' | 'other epoch';

export type Recounted =
  | { readonly status: 'done'; readonly counter: Counter }
  /** The epoch had changed; `found` is the counter that is there now, if one is. */
  | { readonly status: 'failed'; readonly found: Counter | undefined };

/** `cancelled`: a condition was false, and nothing was written. The store itself tries again after conflicts. */
export type Transacted = 'committed' | 'cancelled';

/** The one transaction that deletes. */
export interface Finalization {
  readonly parent: MarkedItem;
  /** What it holds, as far as the attachment goes in this transaction. */
  readonly detached: readonly ItemKey[];
  /** Those of them that go too: they are marked, and nothing else holds them. */
  readonly freed: readonly MarkedItem[];
  readonly receipt: Receipt;
}

/** What became of a transaction that tells items. `refused`: nothing was written, because of the items named. */
export type Told =
  | { readonly status: 'committed' }
  | { readonly status: 'not marked' }
  | { readonly status: 'refused'; readonly unfit: readonly ItemKey[] };

/** What the items under one that is marked are told. */
export type Telling = KindPlan['tells'][number];

/** Attachments of one holder to put or to delete, on condition that the holder is still as read. */
export interface Healing {
  readonly holder: ItemKey;
  readonly asRead: SeenItem | undefined;
  readonly put: readonly ItemKey[];
  readonly remove: readonly ItemKey[];
}

export interface Listed {
  readonly key: ItemKey;
  /** Undefined where a counter was listed. */
  readonly markedAt: string | undefined;
  /** A listing from here begins with the next one. */
  readonly at: PageKey;
}

/** One list of a sweep: a kind's name for what is marked of it, `unstamped` before that for marks without a time, or `counter`. */
export type SweepSource = string;

const UNSTAMPED = 'unstamped ';
/** No kind can be called so. */
const COUNTERS = 'counter';

/** What a sweep lists, in this order: what is marked, kind by kind, then the counters. */
export function sweepSources(plan: Plan): readonly SweepSource[] {
  return [...plan.sweep, COUNTERS];
}

/** A full sweep first looks through the tables for marks that are in no index, since they were written without a time. */
export function fullSweepSources(plan: Plan): readonly SweepSource[] {
  return [...plan.sweep.map((kind) => UNSTAMPED + kind), ...sweepSources(plan)];
}

export function isOfFullSweep(source: SweepSource): boolean {
  return source.startsWith(UNSTAMPED);
}

/** What a source lists. @param source of that plan */
export function listedBy(
  plan: Plan,
  source: SweepSource,
): { readonly list: 'marked' | 'unstamped'; readonly kind: string } | { readonly list: 'counters' } {
  if (source === COUNTERS) return { list: 'counters' };
  return plan.sweep.includes(source)
    ? { list: 'marked', kind: source }
    : { list: 'unstamped', kind: source.slice(UNSTAMPED.length) };
}

export interface SweepCursor {
  readonly source: SweepSource;
  readonly from: PageKey | undefined;
}

export interface Store {
  /** What its kinds are. */
  readonly plan: Plan;
  /** The {@link itemName}s of the parents that have a counter. Strongly consistent. The parents must differ. */
  findDraining(parents: readonly ItemKey[]): Promise<Set<string>>;
  /** Step 1: a strongly consistent read; if no counter is there, the creation of `{remaining: 0, epoch, openedAt}`. */
  openCounter(parent: ItemKey, fresh: { readonly epoch: string; readonly openedAt: string }): Promise<Counter>;
  /**
   * Makes a counter, as {@link openCounter} would, of an item that no counter can be: a raw writer has overwritten it. Only if
   * it is still exactly what was read; nothing where a counter is there, or no item. Settle finds out whether it worked.
   */
  resetUnreadable(parent: ItemKey, fresh: { readonly epoch: string; readonly openedAt: string }): Promise<void>;
  /**
   * `remaining -= by` if the counter is there. Returns its new value, or undefined. The time (ISO 8601) is for reports on
   * how a drain goes on; no decision rests on it.
   */
  decrement(parent: ItemKey, by: number, progressedAt: string): Promise<Counter | undefined>;
  /** Step 2, and a holder where it is healed: strongly consistent. Of a kind that nothing holds and that holds nothing, nothing is read. */
  readItem(key: ItemKey): Promise<SeenItem | undefined>;
  /** Gives `markedAt` to a mark that was written without, if it is still such a mark. */
  stampMark(parent: ItemKey, markedAt: string): Promise<void>;
  /** Takes away a `markedAt` that outlived its mark, if it is still that one and still without a mark. */
  unstampMark(parent: ItemKey, markedAt: string): Promise<void>;
  /** Step 2, where the parent is gone or not marked: deletes the counter if its epoch is the one that step 1 saw. */
  closeCounter(parent: ItemKey, epoch: string): Promise<Closed>;
  /**
   * Step 3: the number of children that are not gone, at most `most`; 0 only if no such child is there. Strongly consistent.
   */
  countChildren(parent: ItemKey, most: number): Promise<number>;
  /** Step 4: `remaining += add` and a fresh epoch, if the epoch is still `epoch`. */
  recount(parent: ItemKey, epoch: string, add: number, fresh: string): Promise<Recounted>;
  /** Its holders, as their attachments name them (`service#web`), at most `most`. Strongly consistent. */
  listAttached(held: ItemKey, most: number): Promise<string[]>;
  /** Step 5. */
  finalize(finalization: Finalization): Promise<Transacted>;
  /** The {@link itemName}s of those that have an attachment of this holder. Strongly consistent. */
  readAttachments(holder: ItemKey, held: readonly ItemKey[]): Promise<Set<string>>;
  heal(healing: Healing): Promise<Transacted>;
  /** What lies under the parent, has not been told, and is not gone. Strongly consistent. */
  listUntold(parent: ItemKey, telling: Telling, from: PageKey | undefined): Promise<Page<ItemKey>>;
  /** Tells items under the parent, if that is still under the very mark that was read. */
  tell(parent: MarkedItem, telling: Telling, items: readonly ItemKey[]): Promise<Told>;
  /** For the sweep: parents with a `markedAt`, from the sparse index (eventually consistent). */
  listMarked(kind: string, from: PageKey | undefined): Promise<Page<Listed>>;
  /** For the full sweep: parents that are marked without a time. Costs a read of the whole table. */
  listUnstamped(kind: string, from: PageKey | undefined): Promise<Page<Listed>>;
  /** For the sweep: the parents of all counters. */
  listCounters(from: PageKey | undefined): Promise<Page<Listed>>;
  /** Where an unfinished sweep stopped. */
  readSweepCursor(): Promise<SweepCursor | undefined>;
  writeSweepCursor(cursor: SweepCursor | undefined): Promise<void>;
  /** What is learned of items that are older than the declaration of what they hold. */
  readonly lifecycle: LifecycleStore;
}
