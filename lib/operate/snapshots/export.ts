/** Reads services, networks and tasks into a snapshot that an import accepts. Writes nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Database, openDatabase } from '../../dynamodb/database.ts';
import { scanTable } from '../../dynamodb/reads.ts';
import type { Item } from '../../dynamodb/requests.ts';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError, isDeallocatorError } from '../../protocol/errors.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import { eachPage } from '../../protocol/pages.ts';
import { taskName } from '../names.ts';
import { type Entry, isMap } from '../values.ts';
import { checkNetwork, checkService, checkTask } from './entries.ts';
import { KIND_OF, type ListName, listsOf, SWARMKIT_PLAN, sharedAmong } from './lists.ts';
import { checkShared } from './shared.ts';
import {
  type LeftOut,
  type NewShared,
  SNAPSHOT_OBJECTS_MAX,
  type Snapshot,
  type SnapshotTask,
  withoutMark,
} from './snapshot.ts';

/** How an export is done. */
export interface ExportOptions {
  /** Its reason is thrown between two pages. */
  readonly signal?: AbortSignal;
  /** Time and randomness of the retries. @default the system's */
  readonly chance?: Chance;
  /** What the deployment's lifecycle says, one of SwarmKit's: its kinds are exported. @default that of SWARMKIT */
  readonly plan?: Plan;
}

/** A snapshot, and what it does not tell. */
export interface ExportResult {
  /** Sorted by id, so that two exports can be compared. */
  readonly snapshot: Snapshot;
  /** Names of what is marked for deletion. The snapshot has it without its mark. */
  readonly marked: readonly string[];
  /** What a snapshot can't hold, or what an import would refuse. */
  readonly omitted: readonly LeftOut[];
}

/**
 * Strongly consistent page by page, but not of one moment: an object that is created or deleted meanwhile may be in it or not,
 * and a service whose network was not seen is omitted. `marked` and `omitted` name all that an import into empty tables would
 * not restore.
 *
 * What is marked is exported without its mark: it is still there, and others may refer to it; its removal can be asked for
 * again after an import. Reads the kinds' tables whole. Fails with `FailedPrecondition` where one has more objects than an
 * import takes.
 */
export async function exportSnapshot(
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  options: ExportOptions = {},
): Promise<ExportResult> {
  const { chance, plan = SWARMKIT_PLAN, signal } = options;
  const lists = listsOf(plan);
  const database = openDatabase(db, tables, { chance, plan });
  const all = await Promise.all(lists.map(async (list) => [list, await readAll(database, list, signal)] as const));
  const items = Object.fromEntries(all) as Record<ListName, Item[]>;

  const omitted: LeftOut[] = [];
  const marked: string[] = [];
  const entries = openEntries({ mark: (object) => marked.push(object), omit: (leftOut) => omitted.push(leftOut) });
  const networks = items.networks.flatMap((item) => entries.parent('networks', item, checkNetwork));
  const shared = sharedAmong(lists).map((list) => {
    const check = (where: string, entry: Entry) => checkShared(where, list, entry);
    return [list, items[list].flatMap((item): NewShared[] => entries.parent(list, item, check))] as const;
  });
  const there = {
    networks: idsOf(networks),
    ...Object.fromEntries(shared.map(([list, objects]) => [list, idsOf(objects)])),
  };
  const services = items.services.flatMap((item) =>
    entries.parent('services', item, (where, entry) => checkService(where, entry, there)),
  );
  const serviceIds = idsOf(services);
  const tasks = items.tasks.flatMap((item) =>
    entries.task(item, (where, entry) => checkTask(where, entry, serviceIds)),
  );
  return { snapshot: { networks, ...Object.fromEntries(shared), services, tasks }, marked, omitted };
}

function idsOf(objects: readonly { readonly id: string }[]): Set<unknown> {
  return new Set(objects.map(({ id }) => id));
}

export interface Teller {
  /** Told of what is exported without its mark. */
  mark(object: string): void;
  /** Told of what is left out, or of a part of it. */
  omit(leftOut: LeftOut): void;
}

type Check<T> = (where: string, entry: Entry) => T;

/** Makes entries of items: none of an item that an import would refuse. */
export function openEntries(teller: Teller) {
  const take = <T>(object: string, item: Entry, check: Check<T>): T[] => {
    const entry = inJson(item, (path) => {
      teller.omit({ object, reason: `JSON can't hold its ${path}: a set, bytes, or a number of too many digits` });
    });
    try {
      return [check(object, entry as Entry)];
    } catch (error) {
      if (!isDeallocatorError(error, 'InvalidArgument')) throw error;
      teller.omit({ object, reason: `an import would say: ${error.message}` });
      return [];
    }
  };
  return {
    parent<T>(list: ListName, item: Item, check: Check<T>): T[] {
      const object = itemName({ kind: KIND_OF[list], id: item.id });
      const unmarked = withoutMark(item);
      if (item.pendingDelete === true) teller.mark(object);
      else if (!isDeepStrictEqual(unmarked, withoutUndelete(item))) {
        teller.omit({ object, reason: 'its mark is incomplete' });
      }
      return take(object, unmarked, check);
    },
    task: <T>(item: Item, check: Check<T>): T[] => take(taskName(item as SnapshotTask), item, check),
  };
}

async function readAll(database: Database, list: ListName, signal?: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  const pages = eachPage((from) => {
    signal?.throwIfAborted();
    // A list is called as the table of its kind.
    return scanTable(database, list, from, LIST_PAGE_ITEMS_MAX);
  });
  // Every page but the last holds an item, so the bound on items bounds the pages.
  for await (const page of pages) {
    items.push(...page.items);
    if (items.length > SNAPSHOT_OBJECTS_MAX) {
      throw new DeallocatorError(
        'FailedPrecondition',
        `there are more than ${SNAPSHOT_OBJECTS_MAX} ${list}, which is all that one JSON document holds; export them as lines: --lines (exportLines)`,
      );
    }
  }
  const keyOf = ({ serviceId, id }: Item) => JSON.stringify([serviceId, id]);
  return items
    .map((item) => [keyOf(item), item] as const)
    .sort(byKey)
    .map(([, item]) => item);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** A copy without what JSON would change or lose; reports the path of each such value. */
function inJson(value: unknown, report: (path: string) => void, path = ''): unknown {
  if (Array.isArray(value)) {
    return value.map((part, index) => inJson(part, report, `${path}[${index}]`)).filter((part) => part !== undefined);
  }
  if (isPlainMap(value)) {
    const entries = Object.entries(value).map(([name, part]) => {
      return [name, inJson(part, report, path === '' ? name : `${path}.${name}`)] as const;
    });
    return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
  }
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  report(path);
  return undefined;
}

/** Neither a set, nor bytes, nor the SDK's own number. */
function isPlainMap(value: unknown): value is Entry {
  return isMap(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/** What an undelete leaves behind is history, which a snapshot need not have. */
function withoutUndelete({ unmarkedAt: _at, unmarkedBy: _by, unmarkedReason: _why, ...item }: Item): Item {
  return item as Item;
}
