/** Reads what an audit needs: whole tables at first, page by page, then single items for a second look. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Address, Key } from '../../dynamodb/addresses.ts';
import { sourcesOf } from '../../dynamodb/children.ts';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { COUNTER_PATHS } from '../../dynamodb/items.ts';
import { plainItem, tellingPaths } from '../../dynamodb/plain-items.ts';
import { listReceipts, scanPaths } from '../../dynamodb/reads.ts';
import { native, type StoredItem } from '../../dynamodb/requests.ts';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { listSource } from '../../dynamodb/sources.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { isGone } from '../../lifecycle/references.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PARTITION_KEY_BYTES_MAX } from '../../protocol/limits.ts';
import { byteLength } from '../../protocol/model.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { type StoredItem as PlainItem, parseGuardedName } from '../../protocol/rest.ts';
import type { Suspicion } from './findings.ts';
import type { Problem } from './problems.ts';
import { type Attachment, type AuditedCounter, type AuditedWorld, type Keys, keysIn } from './world.ts';

/** A table of the lifecycle's kinds, `attachments` or `counters`. */
export type AuditedTable = string;

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
export type AuditedPage =
  | { readonly of: 'kind'; readonly kind: string; readonly items: readonly PlainItem[] }
  | { readonly of: 'attachments'; readonly items: readonly Attachment[] }
  | { readonly of: 'counters'; readonly items: readonly AuditedCounter[] };

const ATTACHMENT_PATHS = ['held', 'holder'];

/** Problems that depend on an item's children, or on its counter. */
const OF_CHILDREN: readonly Problem[] = ['high counter', 'not deleted', 'no counter', 'unreadable counter'];
const OF_COUNTER: readonly Problem[] = ['left counter', 'high counter', 'no counter', 'not deleted'];
/** Items whose children are read side by side. */
const CHILDREN_IN_PARALLEL = 16;
/** Pages (of 1 MB) of one item's children that one look reads: about a million children. */
const CHILD_PAGES_MAX = 1000;
/** Children that are counted beside a counter that tells no number. */
export const CHILDREN_TOLD_MAX = 100_000;

export class AuditReader {
  readonly #database: Database;

  constructor(
    db: DynamoDBDocumentClient,
    tables: PhysicalNames,
    options: Pick<Database, 'chance' | 'rules'> & { plan?: Plan },
  ) {
    const { chance, rules, plan } = options;
    this.#database = openDatabase(db, tables, { chance, rules, plan });
  }

  get plan(): Plan {
    return this.#database.plan;
  }

  /** Not the receipts: they are history, and no promise at rest speaks of them. */
  get tables(): readonly AuditedTable[] {
    return Object.keys(this.plan.tables).filter((table) => table !== 'receipts');
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
        await take(this.#pageOf(table, items));
        options.onProgress?.({ table, items: count });
      }
      return [table, count] as const;
    };
    return Object.fromEntries(await mapInParallel(this.tables, this.tables.length, read));
  }

  /** For each suspicion a world of only the items that decide whether it is right, each read consistently. */
  async look(suspicions: readonly Suspicion[]): Promise<AuditedWorld[]> {
    const wanted = suspicions.map((suspicion) => this.#addressesOf(suspicion));
    // A counter is read before the children that it counts, and a leaf before what it needs.
    const found = new Map<AuditedTable, ReadonlyMap<string, unknown>>();
    for (const table of this.#inOrder()) {
      const addresses = wanted.flatMap((all) => all.filter((one) => one.table === table));
      found.set(table, await this.#readAll(table, addresses));
    }
    return await mapInParallel(suspicions, CHILDREN_IN_PARALLEL, async ({ problem, about }, place) => {
      const itemsOf = (table: AuditedTable) =>
        (wanted[place] ?? []).flatMap((one) => {
          const item = one.table === table ? found.get(table)?.get(nameOfKey(one.Key)) : undefined;
          return item === undefined ? [] : [item];
        });
      const counters = itemsOf('counters') as AuditedCounter[];
      const own = itemOf(this.plan, about);
      const isCounted = own !== undefined && OF_CHILDREN.includes(problem);
      const children = isCounted ? await this.#countChildren(own, enoughFor(problem, counters[0])) : 0;
      const items = Object.entries(this.plan.kinds).map(([kind, { table }]) => [kind, itemsOf(table)]);
      return {
        items: Object.fromEntries(items),
        attachments: itemsOf('attachments') as Attachment[],
        counters,
        ...(isCounted && { living: new Map(children > 0 ? [[itemName(own), children]] : []) }),
      };
    });
  }

  /** When an item was last deleted, ISO 8601, if there is a receipt of its own. */
  async findDeletion(name: string): Promise<string | undefined> {
    const { items } = await listReceipts(this.#database, name, undefined, 1);
    const deletedAt: unknown = items[0]?.deletedAt;
    return typeof deletedAt === 'string' ? deletedAt : undefined;
  }

  /** Those that count, until there are enough of them. */
  async #countChildren(item: ItemKey, enough: number): Promise<number> {
    let count = 0;
    let pages = 0;
    for (const source of sourcesOf(this.plan, item.kind)) {
      const list = (from: PageKey | undefined) => listSource(this.#database, source, item, from);
      for await (const { items, next } of eachPage(list)) {
        const planned = source.by === 'key' ? (this.plan.kinds[source.kind] as KindPlan) : {};
        count += items.filter((child) => !isGone(planned, child)).length;
        if (count >= enough) return count;
        if (++pages < CHILD_PAGES_MAX || next === undefined) continue;
        throw new DeallocatorError(
          'Aborted',
          `the children of ${itemName(item)} were not read to their end in ${CHILD_PAGES_MAX} pages; audit again when it has fewer`,
        );
      }
    }
    return count;
  }

  /** Attachments and leaves first, then counters, then what they are of. */
  #inOrder(): readonly AuditedTable[] {
    const isOfLeaves = (table: AuditedTable) =>
      this.plan.tables[table]?.kinds.some((kind) => !this.plan.kinds[kind]?.isGuarded);
    const [own, ofKinds] = [
      ['attachments', 'counters'],
      this.tables.filter((table) => this.#kindOf(table) !== undefined),
    ];
    const leaves = ofKinds.filter(isOfLeaves);
    const has = (table: AuditedTable) => Object.hasOwn(this.plan.tables, table);
    return [
      ...own.slice(0, 1).filter(has),
      ...leaves,
      ...own.slice(1),
      ...ofKinds.filter((table) => !isOfLeaves(table)),
    ];
  }

  #kindOf(table: AuditedTable): string | undefined {
    return this.plan.tables[table]?.kinds[0];
  }

  #pathsOf(table: AuditedTable): readonly string[] {
    const kind = this.#kindOf(table);
    if (kind !== undefined) return tellingPaths(this.plan, kind);
    return table === 'attachments' ? ATTACHMENT_PATHS : COUNTER_PATHS;
  }

  #pageOf(table: AuditedTable, items: readonly StoredItem[]): AuditedPage {
    const kind = this.#kindOf(table);
    if (kind !== undefined) return { of: 'kind', kind, items: items.map((item) => plainItem(this.plan, kind, item)) };
    if (table === 'attachments') return { of: table, items: items.map((item) => native(item) as Attachment) };
    return { of: 'counters', items: items.map((item) => native(item) as AuditedCounter) };
  }

  #addressesOf({ problem, about }: Suspicion): (Address & { readonly table: AuditedTable })[] {
    const { at } = this.#database;
    const { held, holder, table, key } = about;
    const { item, other } = keysIn(this.plan, about);
    const own = itemOf(this.plan, about);
    const counter = about.counter ?? (own && OF_COUNTER.includes(problem) ? itemName(own) : undefined);
    const isHeld = item && other && this.plan.kinds[item.kind]?.holds.some(({ kind }) => kind === other.kind);
    const isPair = isHeld || (item && other && problem === 'stale attachment');
    const tableOf = (one: ItemKey) => (this.plan.kinds[one.kind] as KindPlan).table;
    return [
      ...(isPair ? [{ table: 'attachments', ...at.attachment(other, item) }] : []),
      ...(held !== undefined && holder !== undefined
        ? [{ table: 'attachments', ...at.attachmentNamed(held, holder) }]
        : []),
      ...(counter !== undefined ? [{ table: 'counters', ...at.counterNamed(counter) }] : []),
      ...[item, other].flatMap((one) => (one === undefined ? [] : [{ table: tableOf(one), ...at.item(one) }])),
      ...(table !== undefined && key !== undefined ? [{ table, TableName: at.table(table), Key: key }] : []),
    ];
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
    const { partitionKey = '', sortKey } = this.plan.tables[table] ?? {};
    const keyOf = (item: StoredItem) =>
      Object.fromEntries([partitionKey, ...(sortKey ? [sortKey] : [])].map((name) => [name, item[name]?.S as string]));
    return new Map(items.map((item) => [nameOfKey(keyOf(item)), this.#pageOf(table, [item]).items[0]]));
  }
}

/** The parts of a key in the order of their names. */
function nameOfKey(key: Key): string {
  return JSON.stringify(Object.entries(key).sort());
}

/** The item whose children and counter tell. */
function itemOf(plan: Plan, about: Suspicion['about']): ItemKey | undefined {
  const { item }: Keys = keysIn(plan, about);
  return item ?? (about.counter === undefined ? undefined : parseGuardedName(plan, about.counter));
}

/** So many children decide it. */
function enoughFor(problem: Problem, counter: AuditedCounter | undefined): number {
  if (problem === 'unreadable counter') return CHILDREN_TOLD_MAX;
  return Math.max(1, typeof counter?.remaining === 'number' ? counter.remaining : 1);
}

function tooMany(itemsMax: number): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `there are more than ${itemsMax} items in the tables, which is all that one audit reads; allow more (itemsMax) ` +
      'where the folder for temporary files has some 300 bytes for each',
  );
}
