/** Reads what an audit needs: whole tables at first, page by page, then single items for a second look. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Address, Key } from '../../dynamodb/addresses.ts';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { namedLists, namedTaskLists, PARENT_PATHS } from '../../dynamodb/items.ts';
import { listChildrenPaths, listReceipts, scanPaths } from '../../dynamodb/reads.ts';
import { type Item, native, type StoredItem } from '../../dynamodb/requests.ts';
import { type PhysicalNames, parentTables, TABLES } from '../../dynamodb/schema.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import type { StoredTask } from '../../protocol/invariants.ts';
import { PARTITION_KEY_BYTES_MAX } from '../../protocol/limits.ts';
import { byteLength, parseParentName, referredTo, taskKey } from '../../protocol/model.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { isGoneByState, type Rules } from '../../protocol/rules.ts';
import type { Suspicion } from './findings.ts';
import type { Problem } from './problems.ts';
import { type About, type AuditedCounter, type AuditedParent, type AuditedWorld, parentIn, userIn } from './world.ts';

/** Not the receipts: they are history, and no promise at rest speaks of them. */
export const AUDITED_TABLES = ['services', 'networks', 'tasks', 'attachments', 'counters'] as const;
export type AuditedTable = (typeof AUDITED_TABLES)[number];

/** How far an audit has read. */
export interface AuditProgress {
  /** The table that is being read. */
  readonly table: AuditedTable;
  /** Items of this table that were read so far. */
  readonly items: number;
}

export interface ScanOptions {
  readonly itemsMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: AuditProgress) => void) | undefined;
}

/** What one page of a table holds. */
export type AuditedPage = {
  readonly [table in AuditedTable]: { readonly table: table; readonly items: AuditedWorld[table] };
}[AuditedTable];

/** More of tasks, where these hold networks. */
const TASK_NETWORK_PATHS = ['networks'];
/** Of each item no more than the checks look at: items may be 400 KB. */
const PATHS: Record<AuditedTable, readonly string[]> = {
  services: PARENT_PATHS,
  networks: PARENT_PATHS,
  tasks: ['serviceId', 'id', 'status.state'],
  attachments: ['held', 'holder'],
  counters: ['id', 'remaining', 'epoch'],
};

/** Problems that depend on a parent's children, or on its counter. */
const OF_CHILDREN: readonly Problem[] = ['high counter', 'not deleted', 'no counter', 'unreadable counter'];
const OF_COUNTER: readonly Problem[] = ['left counter', 'high counter', 'no counter', 'not deleted'];
/** Parents whose children are read side by side. */
const CHILDREN_IN_PARALLEL = 16;
/** Pages (of 1 MB) of one parent's children that one look reads: about a million children. */
const CHILD_PAGES_MAX = 1000;
/** Children that are counted beside a counter that tells no number. */
export const CHILDREN_TOLD_MAX = 100_000;

export class AuditReader {
  readonly #database: Database;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, chance: Chance, rules: Rules) {
    this.#database = openDatabase(db, tables, { chance, rules });
  }

  /**
   * Strongly consistent page by page, but not one moment; each page is asked for once the one before has been taken. Returns the
   * number of items. Fails with `FailedPrecondition` beyond `itemsMax`.
   */
  async scan(take: (page: AuditedPage) => Promise<void>, options: ScanOptions): Promise<Record<AuditedTable, number>> {
    let total = 0;
    const read = async (table: AuditedTable) => {
      let count = 0;
      const list = (from: PageKey | undefined) => {
        options.signal?.throwIfAborted();
        return scanPaths(this.#database, table, this.#pathsOf(table), from);
      };
      // Every page but the last holds an item, so the bound on items bounds the pages.
      for await (const { items } of eachPage(list)) {
        count += items.length;
        total += items.length;
        if (total > options.itemsMax) throw tooMany(options.itemsMax);
        await take({ table, items: items.map(FROM[table]) } as AuditedPage);
        options.onProgress?.({ table, items: count });
      }
      return [table, count] as const;
    };
    return Object.fromEntries(await mapInParallel(AUDITED_TABLES, AUDITED_TABLES.length, read)) as Record<
      AuditedTable,
      number
    >;
  }

  /** For each suspicion a world of only the items that decide whether it is right, each read consistently. */
  async look(suspicions: readonly Suspicion[]): Promise<AuditedWorld[]> {
    const wanted = suspicions.map((suspicion) => this.#addressesOf(suspicion));
    // A counter is read before the children that it counts.
    const found = {} as Record<AuditedTable, ReadonlyMap<string, unknown>>;
    for (const table of ['attachments', 'tasks', 'counters', 'services', 'networks'] as const) {
      found[table] = await this.#readAll(
        table,
        wanted.flatMap((addresses) => addresses[table] ?? []),
      );
    }
    return await mapInParallel(suspicions, CHILDREN_IN_PARALLEL, async ({ problem, about }, place) => {
      const itemsOf = (table: AuditedTable) => {
        const address = wanted[place]?.[table];
        const item = address && found[table].get(nameOfKey(address.Key));
        return item === undefined ? [] : [item];
      };
      const counters = itemsOf('counters') as AuditedCounter[];
      const own = parentOfAbout(about);
      const childTable = own && parentTables(own.kind).children;
      const children =
        own && OF_CHILDREN.includes(problem) ? await this.#readChildren(own, enoughFor(problem, counters[0])) : [];
      return {
        services: itemsOf('services'),
        networks: itemsOf('networks'),
        tasks: [...itemsOf('tasks'), ...(childTable === 'tasks' ? children : [])],
        attachments: [...itemsOf('attachments'), ...(childTable === 'attachments' ? children : [])],
        counters,
      } as unknown as AuditedWorld;
    });
  }

  /** When a parent was last deleted, ISO 8601, if there is a receipt of its own. */
  async findDeletion(name: string): Promise<string | undefined> {
    const { items } = await listReceipts(this.#database, name, undefined, 1);
    const deletedAt: unknown = items[0]?.deletedAt;
    return typeof deletedAt === 'string' ? deletedAt : undefined;
  }

  /** Those that count, until there are enough of them: as many times one of them, since only their number tells. */
  async #readChildren(parent: ItemKey, enough: number): Promise<Item[]> {
    const table = parentTables(parent.kind).children as 'tasks' | 'attachments';
    let count = 0;
    let child: Item = {};
    const list = (from: PageKey | undefined) => listChildrenPaths(this.#database, parent, PATHS[table], from);
    for await (const { items, next } of eachPage(list, { pagesMax: CHILD_PAGES_MAX })) {
      const living = items.filter(({ status }) => !isGoneByState(status?.state, this.#database.rules));
      count += living.length;
      child = living[0] ?? child;
      if (next === undefined || count >= enough) return Array<Item>(count).fill(child);
    }
    throw new DeallocatorError(
      'Aborted',
      `the children of ${itemName(parent)} were not read to their end in ${CHILD_PAGES_MAX} pages; audit again when it has fewer`,
    );
  }

  #pathsOf(table: AuditedTable): readonly string[] {
    const more = table === 'tasks' && this.#database.rules.taskNetworks ? TASK_NETWORK_PATHS : [];
    return [...PATHS[table], ...more];
  }

  #addressesOf({ problem, about }: Suspicion): { readonly [table in AuditedTable]?: Address } {
    const { service, network, task, held, holder } = about;
    const { at } = this.#database;
    const own = parentOfAbout(about);
    const counter = about.counter ?? (own && OF_COUNTER.includes(problem) ? itemName(own) : undefined);
    return {
      ...(service !== undefined &&
        network !== undefined && { attachments: at.attachment(referredTo(network), userIn(about)) }),
      ...(held !== undefined && holder !== undefined && { attachments: at.attachmentNamed(held, holder) }),
      ...(task !== undefined && { tasks: at.item(taskKey(service ?? '', task)) }),
      ...(counter !== undefined && { counters: at.counterNamed(counter) }),
      ...(service !== undefined && { services: at.item({ kind: 'service', id: service }) }),
      ...(network !== undefined && { networks: at.item({ kind: 'network', id: network }) }),
    };
  }

  /** By {@link nameOfKey}. */
  async #readAll(table: AuditedTable, addresses: readonly Address[]): Promise<Map<string, unknown>> {
    // What fits no key is not there, and must not spoil the others.
    const fitting = addresses.filter(({ Key }) =>
      Object.values(Key).every((part) => byteLength(part) <= PARTITION_KEY_BYTES_MAX),
    );
    const keys = new Map(fitting.map(({ Key }) => [nameOfKey(Key), Key]));
    const { requests, at } = this.#database;
    const items = await requests.batchGetStored(at.table(table), [...keys.values()], this.#pathsOf(table));
    const { partitionKey, sortKey } = TABLES[table];
    const keyOf = (item: StoredItem) =>
      Object.fromEntries([partitionKey, ...(sortKey ? [sortKey] : [])].map((name) => [name, item[name]?.S as string]));
    return new Map(items.map((item) => [nameOfKey(keyOf(item)), FROM[table](item)]));
  }
}

/** The parts of a key in the order of their names. */
function nameOfKey(key: Key): string {
  return JSON.stringify(Object.entries(key).sort());
}

/** The parent whose children and counter tell. */
function parentOfAbout({ service, network, counter }: About): ItemKey | undefined {
  if (service !== undefined || network !== undefined) return parentIn({ service, network });
  return counter === undefined ? undefined : parseParentName(counter);
}

/** So many children decide it. */
function enoughFor(problem: Problem, counter: AuditedCounter | undefined): number {
  if (problem === 'unreadable counter') return CHILDREN_TOLD_MAX;
  return Math.max(1, typeof counter?.remaining === 'number' ? counter.remaining : 1);
}

const FROM: Record<AuditedTable, (stored: StoredItem) => unknown> = {
  services: parentFrom,
  networks: parentFrom,
  tasks: taskFrom,
  attachments: native,
  counters: native,
};

function taskFrom(stored: StoredItem): StoredTask {
  const { networks: _, ...own } = stored;
  const lists = namedTaskLists(stored);
  return { ...native(own), ...(lists.service !== undefined && { networks: lists.service }) } as StoredTask;
}

function parentFrom(stored: StoredItem): AuditedParent {
  const { spec, ...own } = stored;
  const lists = namedLists(spec);
  const { id, pendingDelete, markedAt, protected: shield } = native(own);
  const oddLists = [
    ...(isOddList(lists.task, spec?.M?.task?.M?.networks) ? ['spec.task.networks'] : []),
    ...(isOddList(lists.service, spec?.M?.networks) ? ['spec.networks'] : []),
  ];
  return {
    id,
    ...(pendingDelete !== undefined && { pendingDelete }),
    ...(markedAt !== undefined && { markedAt }),
    ...(shield !== undefined && { protected: shield }),
    ...(spec && { spec: { task: { networks: lists.task }, networks: lists.service } }),
    ...(oddLists.length > 0 && { oddLists }),
  };
}

/** `namedLists` reads null for everything that is no list. A stored null is not odd: some languages write it for an empty list. */
function isOddList(list: unknown, stored: AttributeValue | undefined): boolean {
  return list === null && stored?.NULL !== true;
}

function tooMany(itemsMax: number): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `there are more than ${itemsMax} items in the tables, which is all that one audit reads; allow more (itemsMax) ` +
      'where the folder for temporary files has some 300 bytes for each',
  );
}
