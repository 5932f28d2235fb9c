/** The store on DynamoDB. Every read that a proof rests on is strongly consistent, on a base table. */
import { DeallocatorError } from '../protocol/errors.ts';
import { CHILD_COUNT_PAGES_MAX, REQUEST_TRIES_MAX, SWEEP_PAGE_ITEMS } from '../protocol/limits.ts';
import {
  type Counter,
  KINDS,
  networkLists,
  type Parent,
  type ParentKey,
  type ParentKind,
  parentName,
  parseParentName,
  referencedNetworks,
} from '../protocol/model.ts';
import type {
  Closed,
  Finalization,
  Healing,
  Listed,
  Page,
  PageKey,
  Recounted,
  Store,
  SweepCursor,
  Transacted,
} from '../protocol/store.ts';
import {
  allOf,
  type Condition,
  conditioned,
  epochIs,
  hasNoMarkedAt,
  isAsRead,
  isMarked,
  isMarkedAsRead,
  isNotMarked,
  isNotThere,
  isThere,
  listsAreAsRead,
  markedAtIs,
} from './conditions.ts';
import type { Action, Item, Key, Requests } from './requests.ts';
import { MARKED_INDEX, PARENT_TABLES, type PhysicalNames, SWEEP_CURSOR_ID, TABLES } from './schema.ts';

interface Address {
  readonly TableName: string;
  readonly Key: Key;
}

export class DynamoDBStore implements Store {
  readonly #requests: Requests;
  readonly #tables: PhysicalNames;

  constructor(requests: Requests, tables: PhysicalNames) {
    this.#requests = requests;
    this.#tables = tables;
  }

  async findDraining(parents: readonly ParentKey[]): Promise<Set<string>> {
    const keys = parents.map((parent) => this.#counter(parent).Key);
    const items = await this.#requests.batchGet(this.#tables.counters, keys, ['id']);
    return new Set(items.map((item) => item.id));
  }

  async openCounter(parent: ParentKey, fresh: { epoch: string; openedAt: string }): Promise<Counter> {
    const address = this.#counter(parent);
    // The creation fails only if a counter is there, which the next read then finds unless it went in between.
    for (let tries = 1; tries <= REQUEST_TRIES_MAX; tries++) {
      const found = await this.#requests.get({ ...address, ConsistentRead: true });
      if (found !== undefined) return counterOf(found);
      const created = await this.#requests.update({
        ...address,
        UpdateExpression: 'SET #remaining = :zero, #epoch = :epoch, #openedAt = :openedAt',
        ConditionExpression: isNotThere.expression,
        ExpressionAttributeNames: {
          ...isNotThere.names,
          '#remaining': 'remaining',
          '#epoch': 'epoch',
          '#openedAt': 'openedAt',
        },
        ExpressionAttributeValues: { ':zero': 0, ':epoch': fresh.epoch, ':openedAt': fresh.openedAt },
        ReturnValues: 'NONE',
        ReturnValuesOnConditionCheckFailure: 'NONE',
      });
      if (created.status === 'done') return { remaining: 0, epoch: fresh.epoch };
    }
    throw new DeallocatorError(
      'Aborted',
      `the counter of ${parentName(parent)} came and went each of the ${REQUEST_TRIES_MAX} times it was read; try again`,
    );
  }

  async decrement(parent: ParentKey, by: number): Promise<Counter | undefined> {
    const updated = await this.#requests.update({
      ...this.#counter(parent),
      UpdateExpression: 'SET #remaining = #remaining - :by',
      ConditionExpression: isThere.expression,
      ExpressionAttributeNames: { ...isThere.names, '#remaining': 'remaining' },
      ExpressionAttributeValues: { ':by': by },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'NONE',
    });
    return updated.status === 'done' ? counterOf(updated.item) : undefined;
  }

  async readParent(key: ParentKey): Promise<Parent | undefined> {
    const item = await this.#requests.get({
      ...this.#parent(key),
      ConsistentRead: true,
      // Not the whole item, which may be 400 KB of somebody else's.
      ProjectionExpression: '#id, #pendingDelete, #markedAt, #spec.#task.#networks, #spec.#networks',
      ExpressionAttributeNames: {
        '#id': 'id',
        '#pendingDelete': 'pendingDelete',
        '#markedAt': 'markedAt',
        '#spec': 'spec',
        '#task': 'task',
        '#networks': 'networks',
      },
    });
    return item && parentOf(key, item);
  }

  async stampMark(parent: ParentKey, markedAt: string): Promise<void> {
    const unstamped = allOf(isMarked, hasNoMarkedAt);
    await this.#requests.update({
      ...this.#parent(parent),
      UpdateExpression: 'SET #markedAt = :markedAt',
      ConditionExpression: unstamped.expression,
      ExpressionAttributeNames: { ...unstamped.names },
      ExpressionAttributeValues: { ...unstamped.values, ':markedAt': markedAt },
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'NONE',
    });
  }

  async unstampMark(parent: ParentKey, markedAt: string): Promise<void> {
    await this.#requests.update({
      ...this.#parent(parent),
      UpdateExpression: 'REMOVE #markedAt',
      ...conditioned(allOf(isNotMarked, markedAtIs(markedAt))),
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'NONE',
    });
  }

  async closeCounter(parent: ParentKey, epoch: string): Promise<Closed> {
    const closed = await this.#requests.delete({
      ...this.#counter(parent),
      ...conditioned(epochIs(epoch)),
      ReturnValues: 'NONE',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (closed.status === 'done') return 'done';
    return closed.found === undefined ? 'gone' : 'other epoch';
  }

  async countChildren(parent: ParentKey, most: number): Promise<number> {
    let from: PageKey | undefined;
    // Without a filter the first page is empty only if there is no child; the loop is for the day when there is one.
    for (let pages = 1; pages <= CHILD_COUNT_PAGES_MAX; pages++) {
      const { count, next } = await this.#requests.query({
        ...this.#childrenOf(parent),
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
    const updated = await this.#requests.update({
      ...this.#counter(parent),
      UpdateExpression: 'SET #remaining = #remaining + :add, #epoch = :fresh',
      ConditionExpression: sameEpoch.expression,
      ExpressionAttributeNames: { ...sameEpoch.names, '#remaining': 'remaining' },
      ExpressionAttributeValues: { ...sameEpoch.values, ':add': add, ':fresh': fresh },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    if (updated.status === 'done') return { status: 'done', counter: counterOf(updated.item) };
    return { status: 'failed', found: updated.found && counterOf(updated.found) };
  }

  async listAttached(network: ParentKey, most: number): Promise<string[]> {
    const { items } = await this.#requests.query({
      ...this.#childrenOf(network),
      ConsistentRead: true,
      Select: 'ALL_ATTRIBUTES',
      Limit: most,
    });
    return items.map((item) => item.serviceId);
  }

  finalize({ parent, detached, freed }: Finalization): Promise<Transacted> {
    const refers = KINDS[parent.key.kind].refersTo !== undefined;
    const asRead = refers ? allOf(isMarkedAsRead(parent), listsAreAsRead(parent.lists)) : isMarkedAsRead(parent);
    return this.#transact([
      this.#deletionOf(parent.key, asRead),
      { Delete: this.#counter(parent.key) },
      ...detached.map((network) => ({ Delete: this.#attachment(network.id, parent.key.id) })),
      ...freed.flatMap((network) => [
        this.#deletionOf(network.key, isMarkedAsRead(network)),
        { Delete: this.#counter(network.key) },
      ]),
    ]);
  }

  async readAttachments(service: ParentKey, networks: readonly string[]): Promise<Set<string>> {
    const keys = networks.map((network) => this.#attachment(network, service.id).Key);
    const items = await this.#requests.batchGet(this.#tables.attachments, keys, ['networkId']);
    return new Set(items.map((item) => item.networkId));
  }

  heal({ service, asRead, put, remove }: Healing): Promise<Transacted> {
    return this.#transact([
      { ConditionCheck: { ...this.#parent(service), ...conditioned(isAsRead(asRead)) } },
      ...put.map((network) => {
        const { TableName, Key } = this.#attachment(network, service.id);
        return { Put: { TableName, Item: Key } };
      }),
      ...remove.map((network) => ({ Delete: this.#attachment(network, service.id) })),
    ]);
  }

  async listMarked(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>> {
    const { items, next } = await this.#requests.scan({
      TableName: this.#tables[PARENT_TABLES[kind].parents],
      IndexName: MARKED_INDEX.name,
      Limit: SWEEP_PAGE_ITEMS,
      ConsistentRead: false, // an index knows no other; the sweep only looks here, the proof reads the table
      ...(from && { ExclusiveStartKey: from }),
    });
    return { items: items.map(({ id, markedAt }) => ({ key: { kind, id }, markedAt, at: { id, markedAt } })), next };
  }

  async listCounters(from: PageKey | undefined): Promise<Page<Listed>> {
    const { items, next } = await this.#requests.scan({
      TableName: this.#tables.counters,
      Limit: SWEEP_PAGE_ITEMS,
      ConsistentRead: true,
      ...(from && { ExclusiveStartKey: from }),
    });
    const listed = items.flatMap(({ id }) => {
      const key = parseParentName(id);
      return key === undefined ? [] : [{ key, markedAt: undefined, at: { id } }];
    });
    return { items: listed, next };
  }

  async readSweepCursor(): Promise<SweepCursor | undefined> {
    const item = await this.#requests.get({ ...this.#sweepCursor(), ConsistentRead: true });
    return item?.cursor;
  }

  async writeSweepCursor(cursor: SweepCursor | undefined): Promise<void> {
    if (cursor === undefined) {
      await this.#requests.delete(this.#sweepCursor());
      return;
    }
    await this.#requests.update({
      ...this.#sweepCursor(),
      UpdateExpression: 'SET #cursor = :cursor',
      ExpressionAttributeNames: { '#cursor': 'cursor' },
      ExpressionAttributeValues: { ':cursor': cursor },
    });
  }

  #counter(parent: ParentKey): Address {
    return { TableName: this.#tables.counters, Key: { [TABLES.counters.partitionKey]: parentName(parent) } };
  }

  #sweepCursor(): Address {
    return { TableName: this.#tables.counters, Key: { [TABLES.counters.partitionKey]: SWEEP_CURSOR_ID } };
  }

  #parent({ kind, id }: ParentKey): Address {
    const table = PARENT_TABLES[kind].parents;
    return { TableName: this.#tables[table], Key: { [TABLES[table].partitionKey]: id } };
  }

  #attachment(networkId: string, serviceId: string): Address {
    return { TableName: this.#tables.attachments, Key: { networkId, serviceId } };
  }

  #childrenOf(parent: ParentKey) {
    const table = PARENT_TABLES[parent.kind].children;
    return {
      TableName: this.#tables[table],
      KeyConditionExpression: '#parent = :parent',
      ExpressionAttributeNames: { '#parent': TABLES[table].partitionKey },
      ExpressionAttributeValues: { ':parent': parent.id },
    };
  }

  #deletionOf(parent: ParentKey, condition: Condition): Action {
    return { Delete: { ...this.#parent(parent), ...conditioned(condition) } };
  }

  async #transact(actions: Action[]): Promise<Transacted> {
    const { status } = await this.#requests.transact(actions);
    return status === 'committed' ? 'committed' : 'cancelled';
  }
}

function parentOf(key: ParentKey, item: Item): Parent {
  const refers = KINDS[key.kind].refersTo !== undefined;
  const lists = networkLists(item.spec);
  return {
    key,
    pendingDelete: item.pendingDelete === true,
    markedAt: item.markedAt,
    references: refers ? referencedNetworks(key.id, lists) : [],
    lists,
  };
}

/** A counter that holds anything else than we wrote is none to count with: better no decision than a wrong one. */
function counterOf(item: Item | undefined): Counter {
  const { remaining, epoch } = item ?? {};
  if (!Number.isInteger(remaining) || typeof epoch !== 'string') {
    throw new DeallocatorError(
      'InvalidArgument',
      `the counter ${item?.id} holds remaining ${remaining} and epoch ${epoch}, which the deallocator never writes; ` +
        'delete it, and the next sweep opens a right one',
    );
  }
  return { remaining, epoch };
}
