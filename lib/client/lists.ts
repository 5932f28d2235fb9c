/** Reads and plain deletes of items of any kind. */

import { sourceUnderKey } from '../dynamodb/children.ts';
import type { Database } from '../dynamodb/database.ts';
import { listMarked } from '../dynamodb/listings.ts';
import { listChildren, scanTable } from '../dynamodb/reads.ts';
import type { Item } from '../dynamodb/requests.ts';
import { deletePlainly } from '../dynamodb/writes.ts';
import { idOf, keyOfItem } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count } from '../lifecycle/kind-plan.ts';
import { checkLimit, checkOptions, invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_WRITE_ITEMS_MAX } from '../protocol/limits.ts';
import type { Page } from '../protocol/pages.ts';
import { chunks } from '../protocol/parallel.ts';
import { aOr, checkedKey, plannedKind } from './ids.ts';
import { distinct } from './references.ts';
import { notFound } from './refusals.ts';
import type { ListOptions, ListPage, Marked } from './types.ts';

/** Strongly consistent. Leaves are read as many, since that is what programs are permitted. */
export async function getItem(database: Database, key: ItemKey): Promise<Item> {
  const { requests, plan, at } = database;
  const address = at.item(key);
  const item = plannedKind(plan, key.kind).isGuarded
    ? await requests.get(address)
    : (await requests.batchGet(address.TableName, [address.Key]))[0];
  if (item === undefined) throw notFound(plan, key);
  return item;
}

export async function listItems(database: Database, kind: string, options: ListOptions): Promise<ListPage<Item>> {
  checkOptions(options);
  const { table } = plannedKind(database.plan, kind);
  return pageOf(database, kind, await scanTable(database, table, options.from, checkLimit(options.limit)));
}

/** @param parent what they lie under */
export async function listUnder(
  database: Database,
  kind: string,
  parent: ItemKey,
  options: ListOptions,
): Promise<ListPage<Item>> {
  checkOptions(options);
  const source = sourceOf(database, kind, parent);
  const page = await listChildren(database, parent, checkLimit(options.limit), options.from, source);
  return pageOf(database, kind, page);
}

/** @param under as it was given */
export function parentGiven({ plan }: Database, under: unknown): ItemKey {
  const { kind, id } = (typeof under === 'object' && under !== null ? under : {}) as Record<string, unknown>;
  plannedKind(plan, kind);
  return checkedKey(plan, kind as string, id);
}

function sourceOf({ plan }: Database, kind: string, parent: ItemKey): Count & { readonly by: 'key' } {
  const source = sourceUnderKey(plan, parent.kind, kind);
  if (source !== undefined) return source;
  const [child, other] = [plannedKind(plan, kind), plannedKind(plan, parent.kind)];
  throw invalid(`${child.words.plural} do not lie under the key of ${aOr(other.words.singular)}; list all of them`);
}

/** The ids and marks of what is marked, eventually consistent. It reads what is marked, not what exists. */
export async function listMarkedItems(
  database: Database,
  kind: string,
  options: ListOptions,
): Promise<ListPage<Marked<unknown>>> {
  checkOptions(options);
  const { items, next } = await listMarked(database, kind, options.from, checkLimit(options.limit));
  const marked = items.map(({ key, markedAt }) => ({ id: idOf(database.plan, key), markedAt }));
  return { items: marked, ...(next && { next }) };
}

/** Other rows of its table are passed over. */
function pageOf({ plan }: Database, kind: string, { items, next }: Page<Item>): ListPage<Item> {
  const own = items.filter((item) => keyOfItem(plan, kind, item) !== undefined);
  return { items: own, ...(next && { next }) };
}

/** Plain deletes of one kind, 25 in a request; what is not there counts as deleted. */
export async function deleteItems(
  database: Database,
  kind: string,
  keys: readonly ItemKey[],
  { what, nameOf }: { readonly what: string; readonly nameOf: (key: ItemKey) => string },
): Promise<void> {
  const givenUp = (left: number, tries: number) =>
    `${left} ${what} were left undeleted ${tries} times; delete them again later`;
  const done: string[] = [];
  for (const some of chunks(distinct(keys), BATCH_WRITE_ITEMS_MAX)) {
    try {
      const addresses = some.map((key) => database.at.item(key).Key);
      await deletePlainly(database.requests, database.at.tableOf(kind), addresses, givenUp);
    } catch (error) {
      throw withDone(error, done);
    }
    done.push(...some.map(nameOf));
  }
}

/** A bulk request that stopped on its way says what was done before. */
export function withDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof DeallocatorError) || done.length === 0) return error;
  const { code, message, cause, blockers, learning } = error;
  return new DeallocatorError(code, `${message} (${done.length} before it were done)`, {
    cause,
    blockers,
    learning,
    done,
  });
}
