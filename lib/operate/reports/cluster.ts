/** What reports read of a living cluster. Every read is bounded and, except for the index of marks, strongly consistent. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { NAME_PATHS, nameOf } from '../../dynamodb/descriptions.ts';
import { isCounter, PARENT_PATHS, parentOf } from '../../dynamodb/items.ts';
import { listMarked, listUnstamped } from '../../dynamodb/listings.ts';
import { type Listing, listAttached, listChildrenPaths, listDescribed } from '../../dynamodb/reads.ts';
import type { Item, StoredItem } from '../../dynamodb/requests.ts';
import { PARENT_TABLES, type PhysicalNames } from '../../dynamodb/schema.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import {
  type Parent,
  type ParentKey,
  type ParentKind,
  parentName,
  parseParentName,
  parseUserName,
  referredTo,
  type UserKey,
} from '../../protocol/model.ts';
import { eachPage, itemsOf, type PageKey } from '../../protocol/pages.ts';
import { isGoneByState, type Rules } from '../../protocol/rules.ts';
import type { Listed } from '../../protocol/store.ts';
import { naturally } from '../names.ts';
import { isMap } from '../values.ts';

/** Pages of 1,000 tasks that are read to count one service's; beyond, the count is a lower bound. A page costs up to 250 read units. */
export const TASK_PAGES_MAX = 10;
/** Pages of 1,000 users that are read of one network: more than a report can name. */
const ATTACHED_PAGES_MAX = 10;
export const ATTACHED_USERS_MAX = ATTACHED_PAGES_MAX * LIST_PAGE_ITEMS_MAX;
/** Pages of 500 marks that a status reads of one kind: 100,000 marks. */
const MARK_PAGES_MAX = 200;
/** Pages (of 1 MB) of one table that are read to find the objects of a stack, or marks without a time. */
const TABLE_PAGES_MAX = 1000;
export const TASK_PATHS: readonly string[] = [
  'id',
  'createdAt',
  'updatedAt',
  'status.timestamp',
  'status.state',
  'desiredState',
];
/** Characters of a task's state or times that a report shows: users write them, and they may be anything. */
const TASK_TEXT_CHARACTERS_MAX = 100;

const FOUND_PATHS = [...PARENT_PATHS, 'unmarkedAt', 'unmarkedBy', 'unmarkedReason'];

export interface ClusterOptions {
  /** Those of the deployment: reports tell what its functions will do. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** Time, and the pauses between tries. @default the system's */
  readonly chance?: Chance;
}

/** A parent, with its last undelete where no mark has followed it. */
export interface FoundParent extends Parent {
  /** A raw writer set a `pendingDelete` that is no mark. */
  readonly hasMalformedMark: boolean;
  readonly undeleted: { readonly at: string; readonly by?: string; readonly reason?: string } | undefined;
}

/** A task that holds its service. */
export interface TaskFound {
  readonly id: string;
  /**
   * Since when it is known to be there: its `createdAt`, else its `status.timestamp`, else its `updatedAt`, as written. Absent
   * where it has none of these: the deallocator itself keeps no time of tasks.
   */
  readonly since?: string;
  readonly sinceAttribute?: 'createdAt' | 'status.timestamp' | 'updatedAt';
  /** `status.state` and `desiredState`, where they are strings. */
  readonly state?: string;
  readonly desiredState?: string;
}

export interface TasksFound {
  /** Tasks that hold the service; a lower bound unless `isExact`. */
  readonly count: number;
  readonly isExact: boolean;
  /** The first ones by id, numbers in it by their value. */
  readonly named: readonly TaskFound[];
}

/** A network's users: services, and tasks where these hold networks too. */
export interface AttachedFound {
  readonly users: readonly UserKey[];
  /** False: there are more than were read. */
  readonly isWhole: boolean;
}

export interface CounterFound {
  /** Undefined where a raw writer has overwritten it: then its parent can't be settled. */
  readonly remaining: number | undefined;
  /** When draining began, ISO 8601. */
  readonly openedAt: string | undefined;
  /** When its last removal was counted, ISO 8601; undefined before the first. */
  readonly progressedAt: string | undefined;
}

/** Whether a raw writer has overwritten it: then its parent can't be settled. */
export function isUnreadable(counter: CounterFound | undefined): boolean {
  return counter !== undefined && counter.remaining === undefined;
}

export class Cluster {
  readonly rules: Rules;
  readonly chance: Chance;
  readonly database: Database;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: ClusterOptions = {}) {
    this.database = openDatabase(db, tables, options);
    this.rules = this.database.rules;
    this.chance = this.database.chance;
  }

  get circumstances() {
    return { rules: this.rules, nowEpochMillis: this.chance.nowEpochMillis() };
  }

  async readParent(key: ParentKey): Promise<FoundParent | undefined> {
    const item = await this.database.requests.getStored(this.database.at.parent(key), FOUND_PATHS);
    return item && foundOf(key, item);
  }

  /** By {@link parentName}, those that are there, in as few requests as that takes. The keys must differ. */
  async readParents(keys: readonly ParentKey[]): Promise<Map<string, FoundParent>> {
    const { requests, at } = this.database;
    const found = new Map<string, FoundParent>();
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      const some = keys.filter((key) => key.kind === kind).map((key) => at.parent(key).Key);
      for (const item of await requests.batchGetStored(at.parents(kind), some, FOUND_PATHS)) {
        const key = { kind, id: item.id?.S as string };
        found.set(parentName(key), foundOf(key, item));
      }
    }
    return found;
  }

  /** An object of that id, with its name where its spec has one. */
  async findParent(key: ParentKey): Promise<{ readonly name: string | undefined } | undefined> {
    const item = await this.database.requests.getStored(this.database.at.parent(key), ['id', ...NAME_PATHS]);
    return item && { name: nameOf(item) };
  }

  /** Only tasks that hold the service under the deployment's rules. */
  async readTasks(serviceId: string, namedMax: number, pagesMax: number): Promise<TasksFound> {
    const list = (from: PageKey | undefined) =>
      listChildrenPaths(this.database, { kind: 'service', id: serviceId }, TASK_PATHS, from, LIST_PAGE_ITEMS_MAX);
    const found: Item[] = [];
    let count = 0;
    let isExact = false;
    for await (const { items, next } of eachPage(list, { pagesMax })) {
      const holding = items.filter((item) => holdsItsService(item, this.rules));
      count += holding.length;
      if (namedMax > 0) found.push(...holding);
      isExact = next === undefined;
    }
    return foundTasks(found, count, isExact, namedMax);
  }

  async readAttached(networkId: string): Promise<AttachedFound> {
    const list = (from: PageKey | undefined) =>
      listAttached(this.database, referredTo(networkId), LIST_PAGE_ITEMS_MAX, from);
    const { items, isWhole } = await itemsOf(list, ATTACHED_PAGES_MAX);
    return foundAttached(items, isWhole);
  }

  /** By {@link parentName}, as far as there are any. The parents must differ. */
  async readCounters(parents: readonly ParentKey[]): Promise<Map<string, CounterFound>> {
    const { requests, at } = this.database;
    const keys = parents.map((parent) => at.counter(parent).Key);
    const attributes = ['id', 'remaining', 'epoch', 'openedAt', 'progressedAt'];
    const items = await requests.batchGet(at.tables.counters, keys, attributes);
    return new Map(
      items.map((item) => {
        const remaining = isCounter(item) ? Number(item.remaining) : undefined;
        const times = { openedAt: textOf(item.openedAt), progressedAt: textOf(item.progressedAt) };
        return [item.id, { remaining, ...times }];
      }),
    );
  }

  /**
   * What is marked, in no order, as it was some moments ago. `withoutTime` also finds marks of raw writers that no function has
   * seen yet; it reads both tables whole.
   */
  async listMarks(withoutTime: boolean): Promise<{ marks: { key: ParentKey; markedAt?: string }[]; isWhole: boolean }> {
    const marks: { key: ParentKey; markedAt?: string }[] = [];
    let isWhole = true;
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      // The index comes second: a mark that is stamped in between is then found twice, and not missed.
      for (const [list, pagesMax] of [
        ...(withoutTime
          ? [[(from?: PageKey) => listUnstamped(this.database, kind, from), TABLE_PAGES_MAX] as const]
          : []),
        [(from?: PageKey) => listMarked(this.database, kind, from), MARK_PAGES_MAX] as const,
      ]) {
        const { items, isWhole: isAll } = await itemsOf<Listed>(list, pagesMax);
        isWhole &&= isAll;
        marks.push(...items.map(({ key, markedAt }) => ({ key, ...(markedAt !== undefined && { markedAt }) })));
      }
    }
    return { marks, isWhole };
  }

  /** The services and networks that carry all of these labels, sorted by name. Reads both tables whole. */
  async findLabelled(labels: NonNullable<Listing['labels']>): Promise<{ keys: ParentKey[]; isWhole: boolean }> {
    const keys: ParentKey[] = [];
    let isWhole = true;
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      const list = (from: PageKey | undefined) => listDescribed(this.database, kind, { labels }, from);
      const found = await itemsOf(list, TABLE_PAGES_MAX);
      isWhole &&= found.isWhole;
      keys.push(...found.items.map(({ id }): ParentKey => ({ kind, id: id?.S as string })).sort(byName));
    }
    return { keys, isWhole };
  }
}

/** Services before networks, each by id: the order in which a removal marks them. */
export function byName(a: ParentKey, b: ParentKey): number {
  const [first, second] = [parentName(a), parentName(b)];
  if (a.kind !== b.kind) return a.kind === 'service' ? -1 : 1;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The inverse of {@link parentName}. `InvalidArgument` for another name, as in a plan that a caller has written. */
export function keyOf(name: string): ParentKey {
  const key = parseParentName(name);
  if (key === undefined) {
    throw new DeallocatorError('InvalidArgument', `"${name}" names no object; it must be such as service#web`);
  }
  return key;
}

function foundOf(key: ParentKey, item: StoredItem): FoundParent {
  const { pendingDelete = { NULL: true } } = item;
  const hasMalformedMark = pendingDelete.BOOL === undefined && pendingDelete.NULL === undefined;
  return { ...parentOf(key, item), hasMalformedMark, undeleted: undeletedOf(item) };
}

export function holdsItsService(task: Item, rules: Rules): boolean {
  return !isGoneByState(statusOf(task).state, rules);
}

/** @param tasks all that may be named */
export function foundTasks(tasks: Item[], count: number, isExact: boolean, namedMax: number): TasksFound {
  const first = tasks.sort((a, b) => naturally(a.id, b.id)).slice(0, namedMax);
  return { count, isExact, named: first.map(taskOf) };
}

/** A holder whose name says nothing counts as one that was not read: it holds, and can't be shown. */
export function foundAttached(names: readonly string[], isWhole: boolean): AttachedFound {
  const users = names.toSorted(naturally).map(parseUserName);
  const known = users.filter((user) => user !== undefined);
  return { users: known, isWhole: isWhole && known.length === users.length };
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
