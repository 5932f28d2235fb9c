/** Reads what an audit needs: whole tables at first, then single items for a second look. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Address } from '../../dynamodb/addresses.ts';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { namedLists, namedTaskLists, PARENT_PATHS } from '../../dynamodb/items.ts';
import { listChildrenPaths, listReceipts, scanPaths } from '../../dynamodb/reads.ts';
import { type Item, native, type StoredItem } from '../../dynamodb/requests.ts';
import { PARENT_TABLES, type PhysicalNames } from '../../dynamodb/schema.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import type { StoredTask } from '../../protocol/invariants.ts';
import { attachmentName, type ParentKey, type ParentKind, parentName, parseParentName } from '../../protocol/model.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { isGoneByState, type Rules } from '../../protocol/rules.ts';
import type { Suspect } from './findings.ts';
import type { Problem } from './problems.ts';
import { type AuditedCounter, type AuditedParent, type AuditedWorld, userIn } from './world.ts';

/** Not the receipts: they are history, and no promise at rest speaks of them. */
export const AUDITED_TABLES = ['services', 'networks', 'tasks', 'attachments', 'counters'] as const;
export type AuditedTable = (typeof AUDITED_TABLES)[number];

export interface AuditProgress {
  readonly table: AuditedTable;
  /** Items of this table that were read so far. */
  readonly items: number;
}

export interface ScanOptions {
  readonly itemsMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: AuditProgress) => void) | undefined;
}

/** More of tasks, where these hold networks. */
const TASK_NETWORK_PATHS = ['networks'];
/** Of each item no more than the checks look at: items may be 400 KB, and all of them are held in memory at once. */
const PATHS: Record<AuditedTable, readonly string[]> = {
  services: PARENT_PATHS,
  networks: PARENT_PATHS,
  tasks: ['serviceId', 'id', 'status.state'],
  attachments: ['networkId', 'serviceId'],
  counters: ['id', 'remaining', 'epoch'],
};

/** Problems that depend on a parent's children, or on its counter. */
const OF_CHILDREN: readonly Problem[] = ['high counter', 'not deleted', 'no counter', 'unreadable counter'];
const OF_COUNTER: readonly Problem[] = ['left counter', 'high counter', 'no counter', 'not deleted'];
/** Pages (of 1 MB) of one parent's children that one look reads: about a million children. */
const CHILD_PAGES_MAX = 1000;
/** Children that are counted beside a counter that tells no number. */
export const CHILDREN_TOLD_MAX = 100_000;

export class AuditReader {
  readonly #database: Database;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, chance: Chance, rules: Rules) {
    this.#database = openDatabase(db, tables, { chance, rules });
  }

  /** Strongly consistent page by page, but not one moment. Fails with `FailedPrecondition` beyond `itemsMax`. */
  async scan(options: ScanOptions): Promise<AuditedWorld> {
    let total = 0;
    const read = async (table: AuditedTable) => {
      const items: unknown[] = [];
      const list = (from: PageKey | undefined) => {
        options.signal?.throwIfAborted();
        return scanPaths(this.#database, table, this.#pathsOf(table), from);
      };
      // Every page but the last holds an item, so the bound on items bounds the pages.
      for await (const page of eachPage(list)) {
        items.push(...page.items.map(FROM[table]));
        total += page.items.length;
        if (total > options.itemsMax) throw tooMany(options.itemsMax);
        options.onProgress?.({ table, items: items.length });
      }
      return [table, items] as const;
    };
    return Object.fromEntries(
      await mapInParallel(AUDITED_TABLES, AUDITED_TABLES.length, read),
    ) as unknown as AuditedWorld;
  }

  /** A world of only the items that decide whether the suspicion is right, each read consistently. */
  async look({ problem, about }: Suspect): Promise<AuditedWorld> {
    const { service, network, task } = about;
    const { at } = this.#database;
    const counted = about.counter === undefined ? undefined : parseParentName(about.counter);
    const own: ParentKey | undefined = keyOf('service', service) ?? keyOf('network', network) ?? counted;
    const counterId = about.counter ?? (own && OF_COUNTER.includes(problem) ? parentName(own) : undefined);
    const name = userIn(about);
    const attached = service !== undefined && network !== undefined && name !== undefined;
    const attachments = await this.#read('attachments', attached && at.attachment(network, attachmentName(name)));
    const tasks = await this.#read('tasks', task !== undefined && at.task(service ?? '', task));
    const counters = await this.#read('counters', counterId !== undefined && at.counterNamed(counterId));
    const services = await this.#read('services', service !== undefined && at.parent({ kind: 'service', id: service }));
    const networks = await this.#read('networks', network !== undefined && at.parent({ kind: 'network', id: network }));
    const [counter] = counters as AuditedCounter[];
    const isTold = problem === 'unreadable counter';
    const enough = isTold
      ? CHILDREN_TOLD_MAX
      : Math.max(1, typeof counter?.remaining === 'number' ? counter.remaining : 1);
    const children = own && OF_CHILDREN.includes(problem) ? await this.#readChildren(own, enough) : [];
    return {
      services,
      networks,
      tasks: [...tasks, ...(own?.kind === 'service' ? children : [])],
      attachments: [...attachments, ...(own?.kind === 'network' ? children : [])],
      counters,
    } as unknown as AuditedWorld;
  }

  /** When a parent was last deleted, ISO 8601, if there is a receipt of its own. */
  async findDeletion(name: string): Promise<string | undefined> {
    const { items } = await listReceipts(this.#database, name, undefined, 1);
    const deletedAt: unknown = items[0]?.deletedAt;
    return typeof deletedAt === 'string' ? deletedAt : undefined;
  }

  /** Those that count, until there are enough of them. */
  async #readChildren(parent: ParentKey, enough: number): Promise<Item[]> {
    const table = PARENT_TABLES[parent.kind].children as 'tasks' | 'attachments';
    const children: Item[] = [];
    const list = (from: PageKey | undefined) => listChildrenPaths(this.#database, parent, PATHS[table], from);
    for await (const { items, next } of eachPage(list, { pagesMax: CHILD_PAGES_MAX })) {
      children.push(...items.filter(({ status }) => !isGoneByState(status?.state, this.#database.rules)));
      if (next === undefined || children.length >= enough) return children;
    }
    throw new DeallocatorError(
      'Aborted',
      `the children of ${parentName(parent)} were not read to their end in ${CHILD_PAGES_MAX} pages; audit again when it has fewer`,
    );
  }

  #pathsOf(table: AuditedTable): readonly string[] {
    const more = table === 'tasks' && this.#database.rules.taskNetworks ? TASK_NETWORK_PATHS : [];
    return [...PATHS[table], ...more];
  }

  async #read(table: AuditedTable, address: Address | false): Promise<unknown[]> {
    const item = address && (await this.#database.requests.getStored(address, this.#pathsOf(table)));
    return item ? [FROM[table](item)] : [];
  }
}

const FROM: Record<AuditedTable, (stored: StoredItem) => unknown> = {
  services: parentFrom,
  networks: parentFrom,
  tasks: taskFrom,
  attachments: native,
  counters: native,
};

function keyOf(kind: ParentKind, id: string | undefined): ParentKey | undefined {
  return id === undefined ? undefined : { kind, id };
}

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
    `there are more than ${itemsMax} items in the tables, which is all that one audit holds in memory; ` +
      'allow more (itemsMax) on a machine that has some 500 bytes for each',
  );
}
