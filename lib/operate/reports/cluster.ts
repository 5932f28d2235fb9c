/** What reports read of a living cluster. Every read is bounded and, except for the index of marks, strongly consistent. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { NAME_PATHS, nameOf } from '../../dynamodb/descriptions.ts';
import { isCounter, PARENT_PATHS, seenItem } from '../../dynamodb/items.ts';
import { listMarked, listUnstamped } from '../../dynamodb/listings.ts';
import { type Listing, listAttached, listChildrenPaths, listDescribed } from '../../dynamodb/reads.ts';
import type { Item, StoredItem } from '../../dynamodb/requests.ts';
import { PARENT_TABLES, type PhysicalNames } from '../../dynamodb/schema.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import { type Parent, type ParentKind, parseParentName, referredTo } from '../../protocol/model.ts';
import { eachPage, itemsOf, type PageKey } from '../../protocol/pages.ts';
import type { Rules } from '../../protocol/rules.ts';
import type { Listed } from '../../protocol/store.ts';
import {
  type AttachedFound,
  foundAttached,
  foundTasks,
  holdsItsService,
  TASK_PATHS,
  type TasksFound,
  textOf,
} from './found.ts';

/** Pages of 1,000 tasks that are read to count one service's; beyond, the count is a lower bound. A page costs up to 250 read units. */
export const TASK_PAGES_MAX = 10;
/** Pages of 1,000 users that are read of one network: more than a report can name. */
const ATTACHED_PAGES_MAX = 10;
export const ATTACHED_USERS_MAX = ATTACHED_PAGES_MAX * LIST_PAGE_ITEMS_MAX;
/** Pages of 500 marks that a status reads of one kind: 100,000 marks. */
const MARK_PAGES_MAX = 200;
/** Pages (of 1 MB) of one table that are read to find the objects of a stack, or marks without a time. */
const TABLE_PAGES_MAX = 1000;
const FOUND_PATHS = [...PARENT_PATHS, 'unmarkedAt', 'unmarkedBy', 'unmarkedReason'];

/** What a cluster's reports go by. */
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
  /** Its last undelete; undefined where it had none, or was marked again. */
  readonly undeleted: UndeletedView | undefined;
}

/** An undelete. */
export interface UndeletedView {
  /** When the mark was taken back, ISO 8601. */
  readonly at: string;
  /** Who took it back, where that was said. */
  readonly by?: string;
  /** Why, where that was said. */
  readonly reason?: string;
}

/** What carries certain labels. */
export interface FoundKeys {
  /** Services before networks, each by id. */
  readonly keys: readonly ItemKey[];
  /** False: not all objects were read. */
  readonly isWhole: boolean;
}

/** A marked object. */
export interface FoundMark {
  /** Its kind and id. */
  readonly key: ItemKey;
  /** Its mark, where that has a time. */
  readonly markedAt?: string;
}

/** What is marked. */
export interface FoundMarks {
  /** In no order. */
  readonly marks: readonly FoundMark[];
  /** False: there are more than were read. */
  readonly isWhole: boolean;
}

/** A counter, as reports read it. */
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

/** A deployment's tables as reports read them. Make one for each deployment, and give it to the functions of this door. */
export class Cluster {
  /** What the deployment has chosen. */
  readonly rules: Rules;
  /** Time and randomness. */
  readonly chance: Chance;
  /** How its tables are read. */
  readonly database: Database;

  /**
   * @param db from {@link connect}
   * @param tables the construct's `tableNames`, or what a local cloud prints
   */
  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: ClusterOptions = {}) {
    this.database = openDatabase(db, tables, options);
    this.rules = this.database.rules;
    this.chance = this.database.chance;
  }

  /** What decides beside the tables: its rules, and now. */
  get circumstances(): Circumstances {
    return { rules: this.rules, nowEpochMillis: this.chance.nowEpochMillis() };
  }

  /** One service or network, strongly consistent; undefined where it is not there. */
  async readParent(key: ItemKey): Promise<FoundParent | undefined> {
    const item = await this.database.requests.getStored(this.database.at.item(key), FOUND_PATHS);
    return item && foundOf(this.database, key, item);
  }

  /** By name, such as `service#web`: those that are there, in as few requests as that takes. The keys must differ. */
  async readParents(keys: readonly ItemKey[]): Promise<Map<string, FoundParent>> {
    const { requests, at } = this.database;
    const found = new Map<string, FoundParent>();
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      const some = keys.filter((key) => key.kind === kind).map((key) => at.item(key).Key);
      for (const item of await requests.batchGetStored(at.tableOf(kind), some, FOUND_PATHS)) {
        const key = { kind, id: item.id?.S as string };
        found.set(itemName(key), foundOf(this.database, key, item));
      }
    }
    return found;
  }

  /** An object of that id, with its name where its spec has one. */
  async findParent(key: ItemKey): Promise<Pick<Parent, 'name'> | undefined> {
    const item = await this.database.requests.getStored(this.database.at.item(key), ['id', ...NAME_PATHS]);
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

  /** A network's users, at most 10,000 of them, strongly consistent. */
  async readAttached(networkId: string): Promise<AttachedFound> {
    const list = (from: PageKey | undefined) =>
      listAttached(this.database, referredTo(networkId), LIST_PAGE_ITEMS_MAX, from);
    const { items, isWhole } = await itemsOf(list, ATTACHED_PAGES_MAX);
    return foundAttached(items, isWhole);
  }

  /** By name, such as `service#web`, as far as there are any. The parents must differ. */
  async readCounters(parents: readonly ItemKey[]): Promise<Map<string, CounterFound>> {
    const { requests, at } = this.database;
    const keys = parents.map((parent) => at.counter(parent).Key);
    const attributes = ['id', 'remaining', 'epoch', 'openedAt', 'progressedAt'];
    const items = await requests.batchGet(at.table('counters'), keys, attributes);
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
  async listMarks(withoutTime: boolean): Promise<FoundMarks> {
    const marks: FoundMark[] = [];
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
  async findLabelled(labels: NonNullable<Listing['labels']>): Promise<FoundKeys> {
    const keys: ItemKey[] = [];
    let isWhole = true;
    for (const kind of Object.keys(PARENT_TABLES) as ParentKind[]) {
      const list = (from: PageKey | undefined) => listDescribed(this.database, kind, { labels }, from);
      const found = await itemsOf(list, TABLE_PAGES_MAX);
      isWhole &&= found.isWhole;
      keys.push(...found.items.map(({ id }): ItemKey => ({ kind, id: id?.S as string })).sort(byName));
    }
    return { keys, isWhole };
  }
}

/** Services before networks, each by id: the order in which a removal marks them. */
export function byName(a: ItemKey, b: ItemKey): number {
  const [first, second] = [itemName(a), itemName(b)];
  if (a.kind !== b.kind) return a.kind === 'service' ? -1 : 1;
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The inverse of {@link itemName}. `InvalidArgument` for another name, as in a plan that a caller has written. */
export function keyOf(name: string): ItemKey {
  const key = parseParentName(name);
  if (key === undefined) {
    throw new DeallocatorError('InvalidArgument', `"${name}" names no object; it must be such as service#web`);
  }
  return key;
}

function foundOf({ plan }: Database, key: ItemKey, item: StoredItem): FoundParent {
  const { pendingDelete = { NULL: true } } = item;
  const hasMalformedMark = pendingDelete.BOOL === undefined && pendingDelete.NULL === undefined;
  return { ...seenItem(plan, key, item), hasMalformedMark, undeleted: undeletedOf(item) };
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
