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
  parentName,
  type User,
  type UserKey,
} from '../protocol/model.ts';
import type {
  Closed,
  Finalization,
  Healing,
  PageKey,
  Recounted,
  Stopped,
  Store,
  Transacted,
} from '../protocol/store.ts';
import {
  allOf,
  type Condition,
  conditioned,
  conditionedUpdate,
  epochIs,
  hasNoMarkedAt,
  isAsRead,
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
import { counterOf, parentOf, receiptItem, taskUserOf } from './items.ts';
import { Listings } from './listings.ts';
import type { Action } from './requests.ts';

const NOTHING_RETURNED = { ReturnValues: 'NONE', ReturnValuesOnConditionCheckFailure: 'NONE' } as const;

export class DynamoDBStore extends Listings implements Store {
  async findDraining(parents: readonly ParentKey[]): Promise<Set<string>> {
    // A parent whose name fits no key can have no counter, and must not spoil the batch for the others.
    const named = parents.filter((parent) => byteLength(parentName(parent)) <= PARTITION_KEY_BYTES_MAX);
    const keys = named.map((parent) => this.at.counter(parent).Key);
    const items = await this.requests.batchGet(this.at.tables.counters, keys, ['id']);
    return new Set(items.map((item) => item.id));
  }

  async openCounter(parent: ParentKey, fresh: { epoch: string; openedAt: string }): Promise<Counter> {
    const address = this.at.counter(parent);
    // The creation fails only if a counter is there, which the next read then finds unless it went in between.
    for (let tries = 1; tries <= REQUEST_TRIES_MAX; tries++) {
      const found = await this.requests.get({ ...address, ConsistentRead: true });
      if (found !== undefined) return counterOf(found);
      // A transaction for its token: a plain write, repeated after a lost answer, would bring the epoch of a counter back that
      // others have deleted meanwhile, and a recount of that one would land on this one (S7).
      const created = await this.#transact([
        {
          Update: {
            ...address,
            ...conditionedUpdate('SET #remaining = :zero, #epoch = :epoch, #openedAt = :openedAt', isNotThere, {
              ':zero': 0,
              ':epoch': fresh.epoch,
              ':openedAt': fresh.openedAt,
            }),
          },
        },
      ]);
      if (created === 'committed') return { remaining: 0, epoch: fresh.epoch };
    }
    throw new DeallocatorError(
      'Aborted',
      `the counter of ${parentName(parent)} came and went each of the ${REQUEST_TRIES_MAX} times it was read; try again`,
    );
  }

  async decrement(parent: ParentKey, by: number, progressedAt: string): Promise<Counter | undefined> {
    const updated = await this.requests.update({
      ...this.at.counter(parent),
      ...conditionedUpdate('SET #remaining = #remaining - :by, #progressedAt = :progressedAt', isThere, {
        ':by': by,
        ':progressedAt': progressedAt,
      }),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'NONE',
    });
    return updated.status === 'done' ? counterOf(updated.item) : undefined;
  }

  async readParent(key: ParentKey): Promise<Parent | undefined> {
    const item = await this.requests.getStored({
      ...this.at.parent(key),
      // Not the whole item, which may be 400 KB of somebody else's.
      ProjectionExpression:
        '#id, #pendingDelete, #markedAt, #markedBy, #markedReason, #protected, #spec.#task.#networks, #spec.#networks',
      ExpressionAttributeNames: {
        '#id': 'id',
        '#pendingDelete': 'pendingDelete',
        '#markedAt': 'markedAt',
        '#markedBy': 'markedBy',
        '#markedReason': 'markedReason',
        '#protected': 'protected',
        '#spec': 'spec',
        '#task': 'task',
        '#networks': 'networks',
      },
    });
    return item && parentOf(key, item);
  }

  async stampMark(parent: ParentKey, markedAt: string): Promise<void> {
    const unstamped = allOf(isMarked, hasNoMarkedAt);
    // A transaction for its token: a plain write, repeated after a lost answer, would put the same time on a second mark.
    await this.#transact([
      {
        Update: {
          ...this.at.parent(parent),
          ...conditionedUpdate('SET #markedAt = :markedAt', unstamped, { ':markedAt': markedAt }),
        },
      },
    ]);
  }

  async unstampMark(parent: ParentKey, markedAt: string): Promise<void> {
    await this.requests.update({
      ...this.at.parent(parent),
      UpdateExpression: 'REMOVE #markedAt',
      ...conditioned(allOf(isNotMarked, markedAtIs(markedAt))),
      ...NOTHING_RETURNED,
    });
  }

  async closeCounter(parent: ParentKey, epoch: string): Promise<Closed> {
    const closed = await this.requests.delete({
      ...this.at.counter(parent),
      ...conditioned(epochIs(epoch)),
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (closed.status === 'done') return 'done';
    return closed.found === undefined ? 'gone' : 'other epoch';
  }

  async countChildren(parent: ParentKey, most: number): Promise<number> {
    const { ExpressionAttributeNames, ExpressionAttributeValues, ...query } = this.at.childrenOf(parent);
    const filter = this.rules.taskIsGone === 'terminal' && KINDS[parent.kind].runsTasks ? isNotTerminal : undefined;
    let from: PageKey | undefined;
    // Without the filter the first page is empty only if there is no child; with it, a page may hold nothing but ended tasks.
    for (let pages = 1; pages <= CHILD_COUNT_PAGES_MAX; pages++) {
      const { count, next } = await this.requests.query({
        ...query,
        ...(filter && { FilterExpression: filter.expression }),
        ExpressionAttributeNames: { ...ExpressionAttributeNames, ...filter?.names },
        ExpressionAttributeValues: { ...ExpressionAttributeValues, ...filter?.values },
        ConsistentRead: true,
        Select: 'COUNT',
        Limit: most,
        ...(from && { ExclusiveStartKey: from }),
      });
      if (count > 0 || next === undefined) return count;
      from = next;
    }
    throw new DeallocatorError(
      'Aborted',
      `no child of ${parentName(parent)} was found in ${CHILD_COUNT_PAGES_MAX} pages, and more are left to read; try again`,
    );
  }

  async recount(parent: ParentKey, epoch: string, add: number, fresh: string): Promise<Recounted> {
    const sameEpoch = epochIs(epoch);
    const updated = await this.requests.update({
      ...this.at.counter(parent),
      ...conditionedUpdate('SET #remaining = #remaining + :add, #epoch = :fresh', sameEpoch, {
        ':add': add,
        ':fresh': fresh,
      }),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (updated.status === 'done') return { status: 'done', counter: counterOf(updated.item) };
    return { status: 'failed', found: updated.found && counterOf(updated.found) };
  }

  async listAttached(network: ParentKey, most: number): Promise<string[]> {
    const names: string[] = [];
    let from: PageKey | undefined;
    // A page may end before its limit, and what is behind it may be the one user that keeps the network. Each page but the last
    // holds an item, so the limit bounds the pages.
    do {
      const { items, next } = await this.requests.query({
        ...this.at.childrenOf(network),
        ConsistentRead: true,
        Select: 'ALL_ATTRIBUTES',
        Limit: most - names.length,
        ...(from && { ExclusiveStartKey: from }),
      });
      names.push(...items.map(({ serviceId }) => serviceId));
      from = next;
    } while (from !== undefined && names.length < most);
    return names;
  }

  finalize({ parent, detached, freed, receipt }: Finalization): Promise<Transacted> {
    const refers = KINDS[parent.key.kind].refersTo !== undefined;
    const asRead = allOf(isMarkedAsRead(parent), isNotProtected, ...(refers ? [listsAreAsRead(parent.lists)] : []));
    return this.#transact([
      this.#deletionOf(parent.key, asRead),
      { Delete: this.at.counter(parent.key) },
      ...detached.map((network) => ({ Delete: this.at.attachment(network.id, parent.key.id) })),
      ...freed.flatMap((network) => [
        this.#deletionOf(network.key, allOf(isMarkedAsRead(network), isNotProtected)),
        { Delete: this.at.counter(network.key) },
      ]),
      { Put: { TableName: this.at.tables.receipts, Item: receiptItem(receipt) } },
    ]);
  }

  async readUser(user: UserKey): Promise<User | undefined> {
    if (user.kind !== 'task') return this.readParent(user);
    const item = await this.requests.getStored({
      ...this.at.task(user.serviceId, user.id),
      ProjectionExpression: '#id, #status.#state, #networks',
      ExpressionAttributeNames: { '#id': 'id', '#status': 'status', '#state': 'state', '#networks': 'networks' },
    });
    return item && taskUserOf(user, item, this.rules);
  }

  async readAttachments(user: UserKey, networks: readonly string[]): Promise<Set<string>> {
    const keys = networks.map((network) => this.at.attachment(network, attachmentName(user)).Key);
    const items = await this.requests.batchGet(this.at.tables.attachments, keys, ['networkId']);
    return new Set(items.map((item) => item.networkId));
  }

  heal({ user, asRead, put, remove }: Healing): Promise<Transacted> {
    const name = attachmentName(user);
    const [address, isSame] =
      user.kind === 'task'
        ? ([this.at.task(user.serviceId, user.id), isTaskAsRead] as const)
        : ([this.at.parent(user), isAsRead] as const);
    return this.#transact([
      { ConditionCheck: { ...address, ...conditioned(isSame(asRead)) } },
      ...put.map((network) => {
        const { TableName, Key } = this.at.attachment(network, name);
        return { Put: { TableName, Item: Key } };
      }),
      ...remove.map((network) => ({ Delete: this.at.attachment(network, name) })),
    ]);
  }

  async stopTasks(service: MarkedParent, ids: readonly string[]): Promise<Stopped> {
    const stoppable = allOf(isThere, isNotToldToStop);
    const done = await this.requests.transact([
      { ConditionCheck: { ...this.at.parent(service.key), ...conditioned(isMarkedAsRead(service)) } },
      ...ids.map((id) => ({
        Update: {
          ...this.at.task(service.key.id, id),
          ...conditionedUpdate('SET #desiredState = :toldToStop', stoppable, {}),
        },
      })),
    ]);
    if (done.status === 'committed') return { status: 'committed' };
    const places = done.places.map(({ place }) => place);
    if (places.includes(0)) return { status: 'not marked' };
    return { status: 'refused', unfit: places.map((place) => ids[place - 1] as string) };
  }

  #deletionOf(parent: ParentKey, condition: Condition): Action {
    return { Delete: { ...this.at.parent(parent), ...conditioned(condition) } };
  }

  async #transact(actions: Action[]): Promise<Transacted> {
    const { status } = await this.requests.transact(actions);
    return status === 'committed' ? 'committed' : 'cancelled';
  }
}
