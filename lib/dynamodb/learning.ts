/** The item `lifecycle`, and the pages of what holds anything: docs/design.md §4.4. */
import { keyOfItem } from '../lifecycle/ids.ts';
import {
  type Declaration,
  declarationOf,
  type Holder,
  holdersToHeal,
  type LearningPlace,
  type Learnt,
  type Lifecycle,
  type LifecycleRead,
  type LifecycleStore,
} from '../protocol/learning.ts';
import { LEARNING_PAGE_ITEMS } from '../protocol/limits.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { type Condition, versionIs, versionIsAsRead } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed, only, type Phrase, setting } from './expressions.ts';
import type { ReadItem } from './gathered-reads.ts';
import { heldIn, seenPaths } from './items.ts';
import { type Item, native, type StoredItem, StoredValue } from './requests.ts';

/** @param read together with what else is asked for, where much is */
export function lifecycleStore(database: Database, read: ReadItem = alone(database)): LifecycleStore {
  const { plan, at, isLearned } = database;
  return {
    declaration: isLearned ? undefined : declarationOf(plan, at.tables),
    read: () => readLifecycle(at, read),
    take: ({ learning, ...next }, { version }) => {
      const rest = Object.keys(learning).length > 0 ? learning : undefined;
      return write(database, setting({ ...next, learning: rest, place: undefined }), versionIsAsRead(version));
    },
    keepPlace: (version, place) => write(database, setting({ place }), versionIs(version)),
    end: (version, fresh) =>
      write(database, setting({ version: fresh, learning: undefined, place: undefined }), versionIs(version)),
    holdersOf: (learning) => holdersToHeal(plan, learning),
    listHolders: (kind, from) => listHolders(database, kind, from),
  };
}

const LIFECYCLE_PATHS = ['id', 'version', 'declaration', 'learning', 'since', 'endsFrom', 'place'];

function alone({ requests }: Database): ReadItem {
  return (address, paths) => requests.getStored(address, paths);
}

async function readLifecycle(at: Database['at'], read: ReadItem): Promise<LifecycleRead> {
  const stored = await read(at.lifecycle(), LIFECYCLE_PATHS);
  return {
    isThere: stored !== undefined,
    lifecycle: stored && lifecycleOf(native(stored)),
    version: stored?.version && new StoredValue(stored.version),
  };
}

/**
 * No token: each of these writes changes the version that it compares, or is as harmless the second time (a place that is saved
 * late is an earlier one, whose pages are healed again).
 */
async function write({ requests, at }: Database, update: Phrase, condition: Condition): Promise<Learnt> {
  const { status } = await requests.update({
    ...at.lifecycle(),
    ...expressed({ update, condition }),
    ReturnValues: 'NONE',
    ReturnValuesOnConditionCheckFailure: 'NONE',
  });
  return status;
}

/** A page of the table itself: an index may not show an old item yet (R63). */
async function listHolders(
  { requests, at, plan }: Database,
  kind: string,
  from: PageKey | undefined,
): Promise<Page<Holder>> {
  const input = {
    TableName: at.tableOf(kind),
    ...expressed({ projection: only(seenPaths(plan, kind)) }),
    ConsistentRead: true,
    Limit: LEARNING_PAGE_ITEMS,
  };
  const { Items = [], next } = await requests.scanStored(input, from);
  const holderOf = (item: StoredItem): Holder[] => {
    const key = keyOfItem(plan, kind, native(item));
    const held = key === undefined ? [] : heldIn(plan, key, item);
    return key !== undefined && held.length > 0 ? [{ key, held }] : [];
  };
  return { items: Items.flatMap(holderOf), next };
}

/** Undefined for an item that the deallocator never writes: then all is being learned. */
export function lifecycleOf({
  version,
  declaration,
  learning = {},
  since,
  endsFrom,
  place,
}: Item): Lifecycle | undefined {
  const isWhole =
    isText(version) && isDeclaration(declaration) && isDeclaration(learning) && isTime(since) && isTime(endsFrom);
  if (!isWhole) return undefined;
  return { version, declaration, learning, since, endsFrom, place: isPlace(place) ? place : undefined };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

function isDeclaration(value: unknown): value is Declaration {
  return isMap(value) && Object.values(value).every((texts) => Array.isArray(texts) && texts.every(isText));
}

function isPlace(value: unknown): value is LearningPlace {
  if (!isMap(value) || !isText(value.kind)) return false;
  return value.from === undefined || (isMap(value.from) && Object.values(value.from).every(isText));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
