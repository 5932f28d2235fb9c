/** The store on DynamoDB. Every read that a proof rests on is strongly consistent, on a base table. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import type { LifecycleStore } from '../protocol/learning.ts';
import { PARTITION_KEY_BYTES_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import { byteLength, type Counter, type MarkedItem, type SeenItem } from '../protocol/model.ts';
import type { PageKey } from '../protocol/pages.ts';
import type {
  Closed,
  Finalization,
  Healing,
  Recounted,
  Store,
  SweepCursor,
  Telling,
  Told,
  Transacted,
} from '../protocol/store.ts';
import { sourcesOf } from './children.ts';
import {
  allOf,
  counterIsAsRead,
  epochIs,
  hasNoMarkedAt,
  holdsAsRead,
  isAsRead,
  isMarked,
  isMarkedAsRead,
  isNotMarked,
  isNotProtected,
  isNotThere,
  isNotTold,
  isThere,
  markedAtIs,
} from './conditions.ts';
import { countAlone, listAlone } from './counting.ts';
import type { Database } from './database.ts';
import { expressed, type Phrase, setting } from './expressions.ts';
import { gatherCounts, gatherLists } from './gathered-children.ts';
import { gatherDecrements, gatherRecounts } from './gathered-counters.ts';
import { gatherReads, type ReadItem } from './gathered-reads.ts';
import { gatherTransactions } from './gathered-transactions.ts';
import { COUNTER_PATHS, counterOf, isCounter, receiptItem, seenItem, seenPaths } from './items.ts';
import { lifecycleStore } from './learning.ts';
import { listCounters, listMarked, listUnstamped, listUntold, readSweepCursor, writeSweepCursor } from './listings.ts';
import { type Action, native } from './requests.ts';
import { check, put, putKey, remove, update } from './writes.ts';

const NOTHING_RETURNED = { ReturnValues: 'NONE', ReturnValuesOnConditionCheckFailure: 'NONE' } as const;

function newCounter({ epoch, openedAt }: { readonly epoch: string; readonly openedAt: string }) {
  return {
    expression: 'SET #remaining = :zero, #epoch = :epoch, #openedAt = :openedAt',
    values: { ':zero': 0, ':epoch': epoch, ':openedAt': openedAt },
  };
}

export class DynamoDBStore implements Store {
  readonly plan: Plan;
  readonly lifecycle: LifecycleStore;
  readonly #database: Database;
  readonly #requests: Database['requests'];
  readonly #at: Database['at'];
  readonly #read: ReadItem;
  readonly #decrement: ReturnType<typeof gatherDecrements>;
  readonly #recount: ReturnType<typeof gatherRecounts>;
  readonly #count: ReturnType<typeof gatherCounts>;
  readonly #create: ReturnType<typeof gatherTransactions>;
  readonly #end: ReturnType<typeof gatherTransactions>;
  readonly #list: ReturnType<typeof gatherLists>;

  constructor(database: Database) {
    this.plan = database.plan;
    this.#database = database;
    this.#requests = database.requests;
    this.#at = database.at;
    this.#read = gatherReads(database.requests);
    this.#decrement = gatherDecrements(database, this.#read);
    this.#recount = gatherRecounts(database, this.#read);
    this.#count = gatherCounts(database, (question) => countAlone(database, question));
    const transact = (actions: readonly Action[]) => this.#transact([...actions]);
    this.#create = gatherTransactions(database, transact);
    this.#end = gatherTransactions(database, transact);
    this.lifecycle = lifecycleStore(database, this.#read);
    this.#list = gatherLists(database, (question) => listAlone(database, question));
  }

  async findDraining(parents: readonly ItemKey[]): Promise<Set<string>> {
    // A parent whose name fits no key has no counter, and must not spoil the batch for the others.
    const named = parents.filter((parent) => byteLength(itemName(parent)) <= PARTITION_KEY_BYTES_MAX);
    const items = await Promise.all(named.map((parent) => this.#read(this.#at.counter(parent), [])));
    return new Set(named.map(itemName).filter((_, place) => items[place] !== undefined));
  }

  async openCounter(parent: ItemKey, fresh: { epoch: string; openedAt: string }): Promise<Counter> {
    const address = this.#at.counter(parent);
    // The creation fails only if a counter is there, which the next read then finds unless it went in between.
    for (let tries = 1; tries <= REQUEST_TRIES_MAX; tries++) {
      const found = await this.#read(address, COUNTER_PATHS);
      if (found !== undefined) return counterOf(native(found));
      // For its token: repeated after a lost answer, a single write could bring back a counter that others have deleted
      // meanwhile, under its old epoch (docs/design.md §4.3 R3).
      // A further try has an epoch of its own: the former one may still arrive.
      const epoch = tries === 1 ? fresh.epoch : this.#database.chance.fresh();
      const created = await this.#create([update(address, newCounter({ ...fresh, epoch }), isNotThere(address))]);
      if (created === 'committed') return { remaining: 0, epoch };
    }
    throw new DeallocatorError(
      'Aborted',
      `the counter of ${itemName(parent)} came and went each of the ${REQUEST_TRIES_MAX} times it was read; try again`,
    );
  }

  async resetUnreadable(parent: ItemKey, fresh: { epoch: string; openedAt: string }): Promise<void> {
    const address = this.#at.counter(parent);
    // A decrement may change a number in it meanwhile.
    for (let tries = 1; tries <= REQUEST_TRIES_MAX; tries++) {
      const asRead = await this.#requests.getStored(address, ['id', 'remaining', 'epoch']);
      if (asRead === undefined || isCounter(native(asRead))) return;
      // For its token, as a creation: a raw writer may write the same once more, and a repeat would bring back the old epoch.
      const reset = await this.#transact([update(address, newCounter(fresh), counterIsAsRead(address, asRead))]);
      if (reset === 'committed') return;
    }
  }

  decrement(parent: ItemKey, by: number, progressedAt: string): Promise<Counter | undefined> {
    return this.#decrement({ parent, by, progressedAt });
  }

  async readItem(key: ItemKey): Promise<SeenItem | undefined> {
    if (!this.#isRead(key)) return undefined; // whatever its item says, it keeps nothing and holds nothing
    const item = await this.#read(this.#at.item(key), seenPaths(this.plan, key.kind));
    return item && seenItem(this.plan, key, item);
  }

  async stampMark(parent: ItemKey, markedAt: string): Promise<void> {
    const unstamped = allOf(isMarked(this.plan), hasNoMarkedAt(this.plan));
    // For its token: repeated after a lost answer, a single write could stamp a second mark (docs/design.md §4.3 R6).
    await this.#transact([update(this.#at.item(parent), this.#setMarkedAt(markedAt), unstamped)]);
  }

  async unstampMark(parent: ItemKey, markedAt: string): Promise<void> {
    const condition = allOf(isNotMarked(this.plan), markedAtIs(this.plan, markedAt));
    await this.#requests.update({
      ...this.#at.item(parent),
      ...expressed({ update: this.#setMarkedAt(undefined), condition }),
      ...NOTHING_RETURNED,
    });
  }

  async closeCounter(parent: ItemKey, epoch: string): Promise<Closed> {
    const closed = await this.#requests.delete({
      ...this.#at.counter(parent),
      ...expressed({ condition: epochIs(epoch) }),
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (closed.status === 'done') return 'done';
    return closed.found === undefined ? 'gone' : 'other epoch';
  }

  async countChildren(parent: ItemKey, most: number): Promise<number> {
    const counts = await Promise.all(
      sourcesOf(this.plan, parent.kind).map((source) => {
        // With a filter, a read of many tells nothing of a parent that has rows in it.
        const isAlone = source.by === 'key' && !source.isCountedTogether;
        return isAlone ? countAlone(this.#database, { parent, source, most }) : this.#count({ parent, source, most });
      }),
    );
    return Math.min(
      most,
      counts.reduce((sum, count) => sum + count, 0),
    );
  }

  recount(parent: ItemKey, epoch: string, add: number, fresh: string): Promise<Recounted> {
    return this.#recount({ parent, epoch, add, fresh });
  }

  listAttached(held: ItemKey, most: number): Promise<string[]> {
    return this.#list({ held, most });
  }

  finalize({ parent, detached, freed, receipt }: Finalization): Promise<Transacted> {
    return this.#end([
      remove(this.#at.item(parent.key), allOf(...this.#mayGo(parent), ...holdsAsRead(parent.asRead))),
      remove(this.#at.counter(parent.key)),
      ...detached.map((held) => remove(this.#at.attachment(held, parent.key))),
      ...freed.flatMap((held) => [
        remove(this.#at.item(held.key), allOf(...this.#mayGo(held))),
        remove(this.#at.counter(held.key)),
      ]),
      put(this.#at.table('receipts'), receiptItem(receipt)),
    ]);
  }

  async readAttachments(holder: ItemKey, held: readonly ItemKey[]): Promise<Set<string>> {
    const items = await Promise.all(held.map((key) => this.#read(this.#at.attachment(key, holder), [])));
    return new Set(held.filter((_, place) => items[place] !== undefined).map(itemName));
  }

  heal({ holder, asRead, put: missing, remove: stale }: Healing): Promise<Transacted> {
    const address = this.#at.item(holder);
    return this.#transact([
      // Nothing that becomes of it matters where its kind holds nothing.
      ...(this.#isRead(holder) ? [check(address, isAsRead(address, asRead))] : []),
      ...missing.map((held) => putKey(this.#at.attachment(held, holder))),
      ...stale.map((held) => remove(this.#at.attachment(held, holder))),
    ]);
  }

  async tell(parent: MarkedItem, { set }: Telling, items: readonly ItemKey[]): Promise<Told> {
    const done = await this.#requests.transact([
      check(this.#at.item(parent.key), isMarkedAsRead(this.plan, parent)),
      ...items.map((item) => {
        const address = this.#at.item(item);
        return update(address, setting(set), allOf(isThere(address), isNotTold(set)));
      }),
    ]);
    if (done.status === 'committed') return { status: 'committed' };
    const places = done.places.map(({ place }) => place);
    if (places.includes(0)) return { status: 'not marked' };
    return { status: 'refused', unfit: places.map((place) => items[place - 1] as ItemKey) };
  }

  listUntold(parent: ItemKey, telling: Telling, from: PageKey | undefined) {
    return listUntold(this.#database, parent, telling, from);
  }

  listMarked(kind: string, from: PageKey | undefined) {
    return listMarked(this.#database, kind, from);
  }

  listUnstamped(kind: string, from: PageKey | undefined) {
    return listUnstamped(this.#database, kind, from);
  }

  listCounters(from: PageKey | undefined) {
    return listCounters(this.#database, from);
  }

  readSweepCursor() {
    return readSweepCursor(this.#database);
  }

  writeSweepCursor(cursor: SweepCursor | undefined) {
    return writeSweepCursor(this.#database, cursor);
  }

  /** Whether an item of the kind matters: it is guarded, or holds something. */
  #isRead({ kind }: ItemKey): boolean {
    const { isGuarded, holds } = this.plan.kinds[kind] as KindPlan;
    return isGuarded || holds.length > 0;
  }

  /** Under the very mark that was read, and not protected. */
  #mayGo(item: MarkedItem) {
    return [isMarkedAsRead(this.plan, item), isNotProtected(this.plan)];
  }

  #setMarkedAt(markedAt: string | undefined): Phrase {
    return setting({ [this.plan.attributes.markedAt]: markedAt });
  }

  async #transact(actions: Action[]): Promise<Transacted> {
    const { status } = await this.#requests.transact(actions);
    return status === 'committed' ? 'committed' : 'cancelled';
  }
}
