/** The store on DynamoDB. Every read that a proof rests on is strongly consistent, on a base table. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import type { LifecycleStore } from '../protocol/learning.ts';
import { PARTITION_KEY_BYTES_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import {
  byteLength,
  type Counter,
  isParent,
  kindRules,
  type MarkedParent,
  type Parent,
  type ParentKind,
  referredTo,
  taskKey,
  type User,
} from '../protocol/model.ts';
import type { PageKey } from '../protocol/pages.ts';
import type {
  Closed,
  Finalization,
  Healing,
  Recounted,
  Stopped,
  Store,
  SweepCursor,
  Transacted,
} from '../protocol/store.ts';
import {
  allOf,
  counterIsAsRead,
  epochIs,
  hasNoMarkedAt,
  isAsRead,
  isMarked,
  isMarkedAsRead,
  isNotMarked,
  isNotProtected,
  isNotThere,
  isNotToldToStop,
  isTaskAsRead,
  isThere,
  listsAreAsRead,
  markedAtIs,
} from './conditions.ts';
import { countAlone, endsByState, listAlone } from './counting.ts';
import type { Database } from './database.ts';
import { expressed, setting } from './expressions.ts';
import { gatherCounts, gatherLists } from './gathered-children.ts';
import { gatherDecrements, gatherRecounts } from './gathered-counters.ts';
import { gatherReads, type ReadItem } from './gathered-reads.ts';
import { gatherTransactions } from './gathered-transactions.ts';
import {
  COUNTER_PATHS,
  counterOf,
  isCounter,
  PARENT_PATHS,
  parentOf,
  receiptItem,
  TASK_USER_PATHS,
  taskUserOf,
} from './items.ts';
import { lifecycleStore } from './learning.ts';
import {
  listCounters,
  listMarked,
  listUnstamped,
  listUnstopped,
  readSweepCursor,
  writeSweepCursor,
} from './listings.ts';
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
    this.#database = database;
    this.#requests = database.requests;
    this.#at = database.at;
    this.#read = gatherReads(database.requests);
    this.#decrement = gatherDecrements(database, this.#read);
    this.#recount = gatherRecounts(database, this.#read);
    this.#count = gatherCounts(database, (question) => countAlone(database, question));
    this.#create = gatherTransactions(database);
    this.#end = gatherTransactions(database);
    this.lifecycle = lifecycleStore(database);
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
      const created = await this.#create([update(address, newCounter({ ...fresh, epoch }), isNotThere)]);
      if (created.status === 'committed') return { remaining: 0, epoch };
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
      const reset = await this.#transact([update(address, newCounter(fresh), counterIsAsRead(asRead))]);
      if (reset === 'committed') return;
    }
  }

  decrement(parent: ItemKey, by: number, progressedAt: string): Promise<Counter | undefined> {
    return this.#decrement({ parent, by, progressedAt });
  }

  async readParent(key: ItemKey): Promise<Parent | undefined> {
    const item = await this.#read(this.#at.parent(key), PARENT_PATHS);
    return item && parentOf(key, item);
  }

  async stampMark(parent: ItemKey, markedAt: string): Promise<void> {
    const unstamped = allOf(isMarked, hasNoMarkedAt);
    // For its token: repeated after a lost answer, a single write could stamp a second mark (docs/design.md §4.3 R6).
    await this.#transact([update(this.#at.parent(parent), setting({ markedAt }), unstamped)]);
  }

  async unstampMark(parent: ItemKey, markedAt: string): Promise<void> {
    await this.#requests.update({
      ...this.#at.parent(parent),
      ...expressed({ update: setting({ markedAt: undefined }), condition: allOf(isNotMarked, markedAtIs(markedAt)) }),
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

  countChildren(parent: ItemKey, most: number): Promise<number> {
    // With a filter, a read of many tells nothing of a parent that has rows in it.
    return endsByState(this.#database, parent)
      ? countAlone(this.#database, { parent, most })
      : this.#count({ parent, most });
  }

  recount(parent: ItemKey, epoch: string, add: number, fresh: string): Promise<Recounted> {
    return this.#recount({ parent, epoch, add, fresh });
  }

  listAttached(held: ItemKey, most: number): Promise<string[]> {
    return this.#list({ held, most });
  }

  async finalize({ parent, detached, freed, receipt }: Finalization): Promise<Transacted> {
    const refers = kindRules(parent.key.kind).refersTo !== undefined;
    const asRead = allOf(isMarkedAsRead(parent), isNotProtected, ...(refers ? [listsAreAsRead(parent.lists)] : []));
    const { status } = await this.#end([
      remove(this.#at.parent(parent.key), asRead),
      remove(this.#at.counter(parent.key)),
      ...detached.map((held) => remove(this.#at.attachment(held, parent.key))),
      ...freed.flatMap((network) => [
        remove(this.#at.parent(network.key), allOf(isMarkedAsRead(network), isNotProtected)),
        remove(this.#at.counter(network.key)),
      ]),
      put(this.#at.tables.receipts, receiptItem(receipt)),
    ]);
    return status === 'committed' ? 'committed' : 'cancelled';
  }

  async readUser(user: ItemKey): Promise<User | undefined> {
    if (isParent(user)) return this.readParent(user);
    if (!this.#database.rules.taskNetworks) return undefined; // whatever its item says, it holds nothing
    const item = await this.#read(this.#at.task(user), TASK_USER_PATHS);
    return item && taskUserOf(user, item, this.#database.rules);
  }

  async readAttachments(user: ItemKey, networks: readonly string[]): Promise<Set<string>> {
    const items = await Promise.all(networks.map((id) => this.#read(this.#at.attachment(referredTo(id), user), [])));
    return new Set(networks.filter((_, place) => items[place] !== undefined));
  }

  heal({ user, asRead, put: missing, remove: stale }: Healing): Promise<Transacted> {
    return this.#transact([
      ...this.#isStill(user, asRead),
      ...missing.map((id) => putKey(this.#at.attachment(referredTo(id), user))),
      ...stale.map((id) => remove(this.#at.attachment(referredTo(id), user))),
    ]);
  }

  async stopTasks(service: MarkedParent, ids: readonly string[]): Promise<Stopped> {
    const stop = { expression: 'SET #desiredState = :toldToStop' };
    const stoppable = allOf(isThere, isNotToldToStop);
    const done = await this.#requests.transact([
      check(this.#at.parent(service.key), isMarkedAsRead(service)),
      ...ids.map((id) => update(this.#at.task(taskKey(service.key.id, id)), stop, stoppable)),
    ]);
    if (done.status === 'committed') return { status: 'committed' };
    const places = done.places.map(({ place }) => place);
    if (places.includes(0)) return { status: 'not marked' };
    return { status: 'refused', unfit: places.map((place) => ids[place - 1] as string) };
  }

  listUnstopped(service: ItemKey, from: PageKey | undefined) {
    return listUnstopped(this.#database, service, from);
  }

  listMarked(kind: ParentKind, from: PageKey | undefined) {
    return listMarked(this.#database, kind, from);
  }

  listUnstamped(kind: ParentKind, from: PageKey | undefined) {
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

  /** A user is as it was read. Where tasks hold nothing, nothing that becomes of a task matters. */
  #isStill(user: ItemKey, asRead: User | undefined): Action[] {
    if (isParent(user)) return [check(this.#at.parent(user), isAsRead(asRead))];
    if (!this.#database.rules.taskNetworks) return [];
    return [check(this.#at.task(user), isTaskAsRead(asRead))];
  }

  async #transact(actions: Action[]): Promise<Transacted> {
    const { status } = await this.#requests.transact(actions);
    return status === 'committed' ? 'committed' : 'cancelled';
  }
}
