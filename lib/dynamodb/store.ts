/** The store on DynamoDB. Every read that a proof rests on is strongly consistent, on a base table. */
import { DeallocatorError } from '../protocol/errors.ts';
import { CHILD_COUNT_PAGES_MAX, PARTITION_KEY_BYTES_MAX, REQUEST_TRIES_MAX } from '../protocol/limits.ts';
import {
  attachmentName,
  byteLength,
  type Counter,
  KINDS,
  type MarkedParent,
  type Parent,
  type ParentKey,
  type ParentKind,
  parentName,
  type User,
  type UserKey,
} from '../protocol/model.ts';
import { eachPage, type PageKey } from '../protocol/pages.ts';
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
  isChildOf,
  isMarked,
  isMarkedAsRead,
  isNotMarked,
  isNotProtected,
  isNotTerminal,
  isNotThere,
  isNotToldToStop,
  isTaskAsRead,
  isThere,
  listsAreAsRead,
  markedAtIs,
} from './conditions.ts';
import type { Database } from './database.ts';
import { expressed, setting } from './expressions.ts';
import { counterOf, isCounter, PARENT_PATHS, parentOf, receiptItem, TASK_USER_PATHS, taskUserOf } from './items.ts';
import {
  listCounters,
  listMarked,
  listUnstamped,
  listUnstopped,
  readSweepCursor,
  writeSweepCursor,
} from './listings.ts';
import { listAttached } from './reads.ts';
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
  readonly #database: Database;
  readonly #requests: Database['requests'];
  readonly #at: Database['at'];

  constructor(database: Database) {
    this.#database = database;
    this.#requests = database.requests;
    this.#at = database.at;
  }

  async findDraining(parents: readonly ParentKey[]): Promise<Set<string>> {
    // A parent whose name fits no key has no counter, and must not spoil the batch for the others.
    const named = parents.filter((parent) => byteLength(parentName(parent)) <= PARTITION_KEY_BYTES_MAX);
    const keys = named.map((parent) => this.#at.counter(parent).Key);
    const items = await this.#requests.batchGet(this.#at.tables.counters, keys, ['id']);
    return new Set(items.map((item) => item.id));
  }

  async openCounter(parent: ParentKey, fresh: { epoch: string; openedAt: string }): Promise<Counter> {
    const address = this.#at.counter(parent);
    // The creation fails only if a counter is there, which the next read then finds unless it went in between.
    for (let tries = 1; tries <= REQUEST_TRIES_MAX; tries++) {
      const found = await this.#requests.get(address);
      if (found !== undefined) return counterOf(found);
      // For its token: repeated after a lost answer, a single write could bring back a counter that others have deleted
      // meanwhile, under its old epoch (docs/design.md §4.3 R3).
      const created = await this.#transact([update(address, newCounter(fresh), isNotThere)]);
      if (created === 'committed') return { remaining: 0, epoch: fresh.epoch };
    }
    throw new DeallocatorError(
      'Aborted',
      `the counter of ${parentName(parent)} came and went each of the ${REQUEST_TRIES_MAX} times it was read; try again`,
    );
  }

  async resetUnreadable(parent: ParentKey, fresh: { epoch: string; openedAt: string }): Promise<void> {
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

  async decrement(parent: ParentKey, by: number, progressedAt: string): Promise<Counter | undefined> {
    const less = {
      expression: 'SET #remaining = #remaining - :by, #progressedAt = :progressedAt',
      values: { ':by': by, ':progressedAt': progressedAt },
    };
    const written = await this.#requests.update({
      ...this.#at.counter(parent),
      ...expressed({ update: less, condition: isThere }),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'NONE',
    });
    return written.status === 'done' ? counterOf(written.item) : undefined;
  }

  async readParent(key: ParentKey): Promise<Parent | undefined> {
    const item = await this.#requests.getStored(this.#at.parent(key), PARENT_PATHS);
    return item && parentOf(key, item);
  }

  async stampMark(parent: ParentKey, markedAt: string): Promise<void> {
    const unstamped = allOf(isMarked, hasNoMarkedAt);
    // For its token: repeated after a lost answer, a single write could stamp a second mark (docs/design.md §4.3 R6).
    await this.#transact([update(this.#at.parent(parent), setting({ markedAt }), unstamped)]);
  }

  async unstampMark(parent: ParentKey, markedAt: string): Promise<void> {
    await this.#requests.update({
      ...this.#at.parent(parent),
      ...expressed({ update: setting({ markedAt: undefined }), condition: allOf(isNotMarked, markedAtIs(markedAt)) }),
      ...NOTHING_RETURNED,
    });
  }

  async closeCounter(parent: ParentKey, epoch: string): Promise<Closed> {
    const closed = await this.#requests.delete({
      ...this.#at.counter(parent),
      ...expressed({ condition: epochIs(epoch) }),
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (closed.status === 'done') return 'done';
    return closed.found === undefined ? 'gone' : 'other epoch';
  }

  async countChildren(parent: ParentKey, most: number): Promise<number> {
    const endsByState = this.#database.rules.taskIsGone === 'terminal' && KINDS[parent.kind].runsTasks;
    const query = {
      TableName: this.#at.children(parent),
      ...expressed({ keys: isChildOf(parent), filter: endsByState ? isNotTerminal : undefined }),
    };
    const list = (from: PageKey | undefined) =>
      this.#requests.query({ ...query, ConsistentRead: true, Select: 'COUNT', Limit: most }, from);
    // Without the filter, an empty first page says that there is no child. With it, a page may hold only ended tasks.
    for await (const { count, next } of eachPage(list, { pagesMax: CHILD_COUNT_PAGES_MAX })) {
      if (count > 0 || next === undefined) return count;
    }
    throw new DeallocatorError(
      'Aborted',
      `no child of ${parentName(parent)} was found in ${CHILD_COUNT_PAGES_MAX} pages, and more are left to read; try again`,
    );
  }

  async recount(parent: ParentKey, epoch: string, add: number, fresh: string): Promise<Recounted> {
    const more = {
      expression: 'SET #remaining = #remaining + :add, #epoch = :fresh',
      values: { ':add': add, ':fresh': fresh },
    };
    const written = await this.#requests.update({
      ...this.#at.counter(parent),
      ...expressed({ update: more, condition: epochIs(epoch) }),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (written.status === 'done') return { status: 'done', counter: counterOf(written.item) };
    return { status: 'failed', found: written.found && counterOf(written.found) };
  }

  async listAttached(network: ParentKey, most: number): Promise<string[]> {
    const names: string[] = [];
    // A page may end before its limit, and the one user that keeps the network may be on the next. Each page but the last
    // holds an item, so the limit bounds the pages.
    const list = (from: PageKey | undefined) => listAttached(this.#database, network, most - names.length, from);
    for await (const { items } of eachPage(list)) {
      names.push(...items);
      if (names.length >= most) break;
    }
    return names;
  }

  finalize({ parent, detached, freed, receipt }: Finalization): Promise<Transacted> {
    const refers = KINDS[parent.key.kind].refersTo !== undefined;
    const asRead = allOf(isMarkedAsRead(parent), isNotProtected, ...(refers ? [listsAreAsRead(parent.lists)] : []));
    return this.#transact([
      remove(this.#at.parent(parent.key), asRead),
      remove(this.#at.counter(parent.key)),
      ...detached.map((network) => remove(this.#at.attachment(network.id, parent.key.id))),
      ...freed.flatMap((network) => [
        remove(this.#at.parent(network.key), allOf(isMarkedAsRead(network), isNotProtected)),
        remove(this.#at.counter(network.key)),
      ]),
      put(this.#at.tables.receipts, receiptItem(receipt)),
    ]);
  }

  async readUser(user: UserKey): Promise<User | undefined> {
    if (user.kind !== 'task') return this.readParent(user);
    const item = await this.#requests.getStored(this.#at.task(user.serviceId, user.id), TASK_USER_PATHS);
    return item && taskUserOf(user, item, this.#database.rules);
  }

  async readAttachments(user: UserKey, networks: readonly string[]): Promise<Set<string>> {
    const keys = networks.map((network) => this.#at.attachment(network, attachmentName(user)).Key);
    const items = await this.#requests.batchGet(this.#at.tables.attachments, keys, ['networkId']);
    return new Set(items.map((item) => item.networkId));
  }

  heal({ user, asRead, put: missing, remove: stale }: Healing): Promise<Transacted> {
    const name = attachmentName(user);
    const [address, isSame] =
      user.kind === 'task'
        ? ([this.#at.task(user.serviceId, user.id), isTaskAsRead] as const)
        : ([this.#at.parent(user), isAsRead] as const);
    return this.#transact([
      check(address, isSame(asRead)),
      ...missing.map((network) => putKey(this.#at.attachment(network, name))),
      ...stale.map((network) => remove(this.#at.attachment(network, name))),
    ]);
  }

  async stopTasks(service: MarkedParent, ids: readonly string[]): Promise<Stopped> {
    const stop = { expression: 'SET #desiredState = :toldToStop' };
    const stoppable = allOf(isThere, isNotToldToStop);
    const done = await this.#requests.transact([
      check(this.#at.parent(service.key), isMarkedAsRead(service)),
      ...ids.map((id) => update(this.#at.task(service.key.id, id), stop, stoppable)),
    ]);
    if (done.status === 'committed') return { status: 'committed' };
    const places = done.places.map(({ place }) => place);
    if (places.includes(0)) return { status: 'not marked' };
    return { status: 'refused', unfit: places.map((place) => ids[place - 1] as string) };
  }

  listUnstopped(service: ParentKey, from: PageKey | undefined) {
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

  async #transact(actions: Action[]): Promise<Transacted> {
    const { status } = await this.#requests.transact(actions);
    return status === 'committed' ? 'committed' : 'cancelled';
  }
}
