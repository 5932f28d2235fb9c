/** What reports read of a living cluster. Every read but that of the marks' index is strongly consistent, and bounded. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Addresses, isCounter, parentOf } from '../dynamodb/items.ts';
import { Listings } from '../dynamodb/listings.ts';
import { type Item, projection, Requests, type StoredItem } from '../dynamodb/requests.ts';
import { PARENT_TABLES, type PhysicalNames } from '../dynamodb/schema.ts';
import { systemChance } from '../dynamodb/system-chance.ts';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { LIST_PAGE_ITEMS_MAX } from '../protocol/limits.ts';
import {
  type Parent,
  type ParentKey,
  type ParentKind,
  parentName,
  parseAttachmentName,
  parseParentName,
  type UserKey,
} from '../protocol/model.ts';
import { DEFAULT_RULES, isGoneByState, type Rules } from '../protocol/rules.ts';
import type { PageKey } from '../protocol/store.ts';
import { isMap, STACK_LABEL } from './snapshot.ts';

/** Pages of 1,000 that one service's tasks are counted in, before the count is "at least". A page costs up to 250 read units. */
export const TASK_PAGES_MAX = 10;
/** Pages of 1,000 users attached to one network that are looked at: more than a report can name. */
const ATTACHED_PAGES_MAX = 10;
/** Pages of 500 marks, of one kind, that a status looks through: 100,000 marks. */
const MARK_PAGES_MAX = 200;
/** Pages (of 1 MB) that are read of a whole table to find the objects of a stack, or marks without a time. */
const TABLE_PAGES_MAX = 1000;
/** Characters of a task's own texts (state, times) that a report shows: they are the user's, and may be anything. */
const TASK_TEXT_CHARACTERS_MAX = 100;

export interface ClusterOptions {
  /** Those of the deployment: the report tells what its functions will do. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** Time, and the pauses between tries. @default the system's */
  readonly chance?: Chance;
}

/** A parent, and the last undelete where no later mark has taken its place. */
export interface FoundParent extends Parent {
  /** Raw hands wrote a `pendingDelete` that marks nothing. */
  readonly hasMalformedMark: boolean;
  readonly undeleted: { readonly at: string; readonly by?: string; readonly reason?: string } | undefined;
}

/** A task that holds its service. */
export interface TaskFound {
  readonly id: string;
  /**
   * Since when it is known to be there: its `createdAt`, else its `status.timestamp`, else its `updatedAt`, as it is written.
   * Absent where it has none of these: the deallocator itself keeps no time of tasks.
   */
  readonly since?: string;
  readonly sinceAttribute?: 'createdAt' | 'status.timestamp' | 'updatedAt';
  /** `status.state` and `desiredState`, where they are texts. */
  readonly state?: string;
  readonly desiredState?: string;
}

export interface TasksFound {
  /** Tasks that hold the service, exact or at least. */
  readonly count: number;
  readonly isExact: boolean;
  /** The first ones, by id. */
  readonly named: readonly TaskFound[];
}

/** Who is attached to a network: services, and tasks where these hold networks too. */
export interface AttachedFound {
  readonly users: readonly UserKey[];
  /** False: more are attached than were read. */
  readonly isWhole: boolean;
}

export interface CounterFound {
  /** Undefined where other hands have overwritten it: its parent can't be settled, and everybody else's report goes on. */
  readonly remaining: number | undefined;
  /** When the draining began, ISO 8601. */
  readonly openedAt: string | undefined;
  /** When its last removal was counted, ISO 8601; undefined before the first. */
  readonly progressedAt: string | undefined;
}

export class Cluster {
  readonly rules: Rules;
  readonly chance: Chance;
  readonly requests: Requests;
  readonly at: Addresses;
  readonly #listings: Listings;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: ClusterOptions = {}) {
    this.rules = options.rules ?? DEFAULT_RULES;
    this.chance = options.chance ?? systemChance;
    this.requests = new Requests(db, this.chance, { onRetry: () => {} });
    this.at = new Addresses(tables);
    this.#listings = new Listings(this.requests, tables, this.rules);
  }

  get circumstances() {
    return { rules: this.rules, nowEpochMillis: this.chance.nowEpochMillis() };
  }

  async readParent(key: ParentKey): Promise<FoundParent | undefined> {
    const paths = [
      ...['id', 'pendingDelete', 'markedAt', 'markedBy', 'markedReason', 'protected'],
      ...['unmarkedAt', 'unmarkedBy', 'unmarkedReason', 'spec.task.networks', 'spec.networks'],
    ];
    const item = await this.requests.getStored({ ...this.at.parent(key), ...projection(paths) });
    if (item === undefined) return undefined;
    const { pendingDelete = { NULL: true } } = item;
    const hasMalformedMark = pendingDelete.BOOL === undefined && pendingDelete.NULL === undefined;
    return { ...parentOf(key, item), hasMalformedMark, undeleted: undeletedOf(item) };
  }

  /** Only tasks that hold the service, by the deployment's rule. */
  async readTasks(serviceId: string, namedMax: number, pagesMax: number): Promise<TasksFound> {
    const { ExpressionAttributeNames, ...query } = this.at.childrenOf({ kind: 'service', id: serviceId });
    const { ProjectionExpression, ...shown } = projection([
      ...['id', 'createdAt', 'updatedAt', 'status.timestamp', 'status.state', 'desiredState'],
    ]);
    const names = { ...ExpressionAttributeNames, ...shown.ExpressionAttributeNames };
    const named: TaskFound[] = [];
    let count = 0;
    let from: PageKey | undefined;
    for (let pages = 1; pages <= pagesMax; pages++) {
      const { items, next } = await this.requests.query({
        ...query,
        ProjectionExpression,
        ExpressionAttributeNames: names,
        ConsistentRead: true,
        Limit: LIST_PAGE_ITEMS_MAX,
        ...(from && { ExclusiveStartKey: from }),
      });
      const holding = items.filter((item) => !isGoneByState(statusOf(item).state, this.rules));
      count += holding.length;
      named.push(...holding.slice(0, namedMax - named.length).map(taskOf));
      from = next;
      if (from === undefined) break;
    }
    return { count, isExact: from === undefined, named };
  }

  async readAttached(networkId: string): Promise<AttachedFound> {
    const list = (from?: PageKey) =>
      this.requests.query({
        ...this.at.childrenOf({ kind: 'network', id: networkId }),
        ConsistentRead: true,
        Limit: LIST_PAGE_ITEMS_MAX,
        ...(from && { ExclusiveStartKey: from }),
      });
    const { items, isWhole } = await pagesOf(list, ATTACHED_PAGES_MAX);
    return { users: items.map(({ serviceId: name }) => parseAttachmentName(name, this.rules)), isWhole };
  }

  /** By {@link parentName}; without those that have none. The parents must differ. */
  async readCounters(parents: readonly ParentKey[]): Promise<Map<string, CounterFound>> {
    const keys = parents.map((parent) => this.at.counter(parent).Key);
    const attributes = ['id', 'remaining', 'epoch', 'openedAt', 'progressedAt'];
    const items = await this.requests.batchGet(this.at.tables.counters, keys, attributes);
    return new Map(
      items.map((item) => {
        const remaining = isCounter(item) ? Number(item.remaining) : undefined;
        const times = { openedAt: textOf(item.openedAt), progressedAt: textOf(item.progressedAt) };
        return [item.id, { remaining, ...times }];
      }),
    );
  }

  /**
   * What is marked, in no order, some moments behind. `withoutTime` also finds marks of raw hands that no function has seen
   * yet, at the price of reading both tables whole.
   */
  async listMarks(withoutTime: boolean): Promise<{ marks: { key: ParentKey; markedAt?: string }[]; isWhole: boolean }> {
    const marks: { key: ParentKey; markedAt?: string }[] = [];
    let isWhole = true;
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      // The index second: a mark that is stamped in between is then in both, and not in neither.
      for (const [list, pagesMax] of [
        ...(withoutTime
          ? [[(from?: PageKey) => this.#listings.listUnstamped(kind, from), TABLE_PAGES_MAX] as const]
          : []),
        [(from?: PageKey) => this.#listings.listMarked(kind, from), MARK_PAGES_MAX] as const,
      ]) {
        const { items, isWhole: isAll } = await pagesOf(list, pagesMax);
        isWhole &&= isAll;
        marks.push(...items.map(({ key, markedAt }) => ({ key, ...(markedAt !== undefined && { markedAt }) })));
      }
    }
    return { marks, isWhole };
  }

  /** The services and networks that carry the label of a stack, sorted by name. Reads both tables whole. */
  async findStack(stack: string): Promise<{ keys: ParentKey[]; isWhole: boolean }> {
    const keys: ParentKey[] = [];
    let isWhole = true;
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      const list = (from?: PageKey) =>
        this.requests.scan({
          TableName: this.at.tables[PARENT_TABLES[kind].parents],
          ConsistentRead: true,
          FilterExpression: '#spec.#annotations.#labels.#stack = :stack',
          ProjectionExpression: '#id',
          ExpressionAttributeNames: {
            '#id': 'id',
            '#spec': 'spec',
            '#annotations': 'annotations',
            '#labels': 'labels',
            '#stack': STACK_LABEL,
          },
          ExpressionAttributeValues: { ':stack': stack },
          ...(from && { ExclusiveStartKey: from }),
        });
      const found = await pagesOf(list, TABLE_PAGES_MAX);
      isWhole &&= found.isWhole;
      keys.push(...found.items.map(({ id }): ParentKey => ({ kind, id })).sort(byName));
    }
    return { keys, isWhole };
  }
}

/** All items of at most so many pages. */
export async function pagesOf<T>(
  list: (from?: PageKey) => Promise<{ items: readonly T[]; next: PageKey | undefined }>,
  pagesMax: number,
): Promise<{ items: T[]; isWhole: boolean }> {
  const items: T[] = [];
  let from: PageKey | undefined;
  for (let pages = 1; pages <= pagesMax; pages++) {
    const page = await list(from);
    items.push(...page.items);
    from = page.next;
    if (from === undefined) break;
  }
  return { items, isWhole: from === undefined };
}

/** Services before networks, each by id: the order in which a removal marks them. */
export function byName(a: ParentKey, b: ParentKey): number {
  const [first, second] = [parentName(a), parentName(b)];
  if (a.kind !== b.kind) return a.kind === 'service' ? -1 : 1;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The key of a name that we have made ourselves; `InvalidArgument` for another one, as in a plan that a caller has written. */
export function keyOf(name: string): ParentKey {
  const key = parseParentName(name);
  if (key === undefined) {
    throw new DeallocatorError('InvalidArgument', `"${name}" names no object; it must be such as service#web`);
  }
  return key;
}

function undeletedOf(item: StoredItem): FoundParent['undeleted'] {
  const { unmarkedAt, unmarkedBy, unmarkedReason } = item;
  if (unmarkedAt?.S === undefined) return undefined;
  return {
    at: unmarkedAt.S,
    ...(unmarkedBy?.S !== undefined && { by: unmarkedBy.S }),
    ...(unmarkedReason?.S !== undefined && { reason: unmarkedReason.S }),
  };
}

function taskOf(item: Item): TaskFound {
  const status = statusOf(item);
  const times = [
    ['createdAt', textOf(item.createdAt)],
    ['status.timestamp', textOf(status.timestamp)],
    ['updatedAt', textOf(item.updatedAt)],
  ] as const;
  const known = times.find(([, time]) => time !== undefined);
  const state = textOf(status.state);
  const desiredState = textOf(item.desiredState);
  return {
    id: item.id,
    ...(known && { since: known[1] as string, sinceAttribute: known[0] }),
    ...(state !== undefined && { state }),
    ...(desiredState !== undefined && { desiredState }),
  };
}

function statusOf(item: Item): Readonly<Record<string, unknown>> {
  return isMap(item.status) ? item.status : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TASK_TEXT_CHARACTERS_MAX) : undefined;
}
