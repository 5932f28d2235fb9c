/** What reports read of a living cluster. Every read is bounded and, except for the index of marks, strongly consistent. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { NAME_PATHS, nameOf } from '../../dynamodb/descriptions.ts';
import { keyOfStored, keyPaths, listFrom, readItem, readItems } from '../../dynamodb/item-reads.ts';
import { isCounter } from '../../dynamodb/items.ts';
import { lifecycleStore } from '../../dynamodb/learning.ts';
import { listMarked, listUnstamped } from '../../dynamodb/listings.ts';
import { type Listing, listAttached, listDescribed } from '../../dynamodb/reads.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Count } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { readLearning } from '../../protocol/learn.ts';
import { type Learning, NOTHING_TO_LEARN } from '../../protocol/learning.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import type { SeenItem } from '../../protocol/model.ts';
import { eachPage, itemsOf, type PageKey } from '../../protocol/pages.ts';
import type { Rules } from '../../protocol/rules.ts';
import type { Listed } from '../../protocol/store.ts';
import { planned } from '../names.ts';
import {
  type ChildrenFound,
  childPaths,
  foundChildren,
  foundUsers,
  keeps,
  textOf,
  type UsersFound,
  withUsers,
} from './found.ts';
import { type FoundParent, foundOf, foundPaths } from './found-parents.ts';
import { inOrderOf } from './order.ts';

/** Pages of 1,000 tasks that are read to count one service's; beyond, the count is a lower bound. A page costs up to 250 read units. */
export const CHILD_PAGES_MAX = 10;
/** Pages of 1,000 users that are read of one network: more than a report can name. */
const USER_PAGES_MAX = 10;
export const USERS_MAX = USER_PAGES_MAX * LIST_PAGE_ITEMS_MAX;
/** Pages of 500 marks that a status reads of one kind: 100,000 marks. */
const MARK_PAGES_MAX = 200;
/** Pages (of 1 MB) of one table that are read to find the objects of a stack, or marks without a time. */
const TABLE_PAGES_MAX = 1000;

/** What a cluster's reports go by. */
export interface ClusterOptions {
  /** What the deployment's lifecycle says. @default that of SwarmKit's kinds without any choice */
  readonly plan?: Plan;
  /** Whether no item is older than the declaration of what it holds, so that nothing has to be learned. @default false */
  readonly isLearned?: boolean;
  /** Those of the deployment: reports tell what its functions will do. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** Time, and the pauses between tries. @default the system's */
  readonly chance?: Chance;
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
  /** Kinds whose users were being counted when that was last read. */
  learning: Learning = NOTHING_TO_LEARN;

  /**
   * @param db from {@link connect}
   * @param tables the construct's `tableNames`, or what a local cloud prints
   */
  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: ClusterOptions = {}) {
    this.database = openDatabase(db, tables, options);
    this.rules = this.database.rules;
    this.chance = this.database.chance;
  }

  /** What decides beside the tables: its rules, what is being learned as that was last read, and now. */
  get circumstances(): Circumstances {
    return { rules: this.rules, nowEpochMillis: this.chance.nowEpochMillis(), learning: this.learning };
  }

  /** Kinds whose users are being counted: read before anything is counted, as the deallocator does it. */
  async readLearning(): Promise<Learning> {
    this.learning = await readLearning({ lifecycle: lifecycleStore(this.database) });
    return this.learning;
  }

  /** What its kinds are. */
  get plan(): Plan {
    return this.database.plan;
  }

  /** One guarded item, such as a service or a network, strongly consistent; undefined where it is not there. */
  async readParent(key: ItemKey): Promise<FoundParent | undefined> {
    const item = await readItem(this.database, key, foundPaths(this.plan, key.kind));
    return item && foundOf(this.plan, key, item);
  }

  /** By name, such as `service#web`: those that are there, in as few requests as that takes. The keys must differ. */
  async readParents(keys: readonly ItemKey[]): Promise<Map<string, FoundParent>> {
    const found = new Map<string, FoundParent>();
    for (const kind of this.plan.sweep) {
      const some = keys.filter((key) => key.kind === kind);
      for (const item of await readItems(this.database, kind, some, foundPaths(this.plan, kind))) {
        const key = keyOfStored(this.database, kind, item);
        if (key !== undefined) found.set(itemName(key), foundOf(this.plan, key, item));
      }
    }
    return found;
  }

  /** An object of that id, with its name where its spec has one. */
  async findParent(key: ItemKey): Promise<Pick<SeenItem, 'name'> | undefined> {
    const item = await readItem(this.database, key, [...keyPaths(this.plan, key.kind), ...NAME_PATHS]);
    return item && { name: nameOf(item) };
  }

  /** What lies under its key, by one of the sources of its count: only what keeps it. */
  async readChildren(
    parent: ItemKey,
    source: Count & { readonly by: 'key' },
    namedMax: number,
    pagesMax: number,
  ): Promise<ChildrenFound> {
    const { kind } = source;
    const paths = childPaths(this.plan, kind);
    const list = (from: PageKey | undefined) =>
      listFrom(this.database, source, parent, paths, from, LIST_PAGE_ITEMS_MAX);
    const found: { key: ItemKey; item: StoredItem }[] = [];
    let count = 0;
    let isExact = false;
    for await (const { items, next } of eachPage(list, { pagesMax })) {
      const keeping = items.filter((item) => keeps(this.plan, kind, item));
      count += keeping.length;
      if (namedMax > 0) found.push(...keeping.flatMap((item) => this.#keyed(kind, item)));
      isExact = next === undefined;
    }
    return foundChildren(this.plan, kind, found, { count, isExact, namedMax });
  }

  /** What uses it: what holds it, and the guarded items under its key; of each, at most 10,000. Strongly consistent. */
  async readUsers(key: ItemKey): Promise<UsersFound> {
    let found: UsersFound = { users: [], isWhole: true };
    for (const source of planned(this.plan, key.kind).countedBy) {
      if (source.by === 'attachments') {
        const list = (from: PageKey | undefined) => listAttached(this.database, key, LIST_PAGE_ITEMS_MAX, from);
        const { items, isWhole } = await itemsOf(list, USER_PAGES_MAX);
        const { users, ...attached } = foundUsers(this.plan, items, isWhole);
        found = withUsers(found, users, attached.isWhole);
      } else if (planned(this.plan, source.kind).isGuarded) {
        const paths = childPaths(this.plan, source.kind);
        const list = (from: PageKey | undefined) =>
          listFrom(this.database, source, key, paths, from, LIST_PAGE_ITEMS_MAX);
        const { items, isWhole } = await itemsOf(list, USER_PAGES_MAX);
        const keeping = items.filter((item) => keeps(this.plan, source.kind, item));
        const keys = keeping.flatMap((item) => this.#keyed(source.kind, item).map((one) => one.key));
        found = withUsers(found, keys, isWhole);
      }
    }
    return found;
  }

  #keyed(kind: string, item: StoredItem): { key: ItemKey; item: StoredItem }[] {
    const key = keyOfStored(this.database, kind, item);
    return key === undefined ? [] : [{ key, item }];
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
   * seen yet; it reads the tables of all guarded kinds whole.
   */
  async listMarks(withoutTime: boolean): Promise<FoundMarks> {
    const marks: FoundMark[] = [];
    let isWhole = true;
    for (const kind of this.plan.sweep) {
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
    for (const kind of this.plan.sweep) {
      const list = (from: PageKey | undefined) => listDescribed(this.database, kind, { labels }, from);
      const found = await itemsOf(list, TABLE_PAGES_MAX);
      isWhole &&= found.isWhole;
      const some = found.items.flatMap((item) => keyOfStored(this.database, kind, item) ?? []);
      keys.push(...some.sort(inOrderOf(this.plan)));
    }
    return { keys, isWhole };
  }
}
