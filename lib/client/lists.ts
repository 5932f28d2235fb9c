/** Reads and plain deletes of items of any kind. */
import type { Database } from '../dynamodb/database.ts';
import { addressOf, listKind, listMarkedOf, listUnderKey, tableOf } from '../dynamodb/kind-items.ts';
import type { Item } from '../dynamodb/requests.ts';
import { deletePlainly } from '../dynamodb/writes.ts';
import { idOf } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count } from '../lifecycle/kind-plan.ts';
import { checkLimit, checkOptions, invalid } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_WRITE_ITEMS_MAX } from '../protocol/limits.ts';
import { chunks } from '../protocol/parallel.ts';
import { checkedKey, plannedKind } from './ids.ts';
import { distinct } from './references.ts';
import { notFound } from './refusals.ts';
import type { ListOptions, ListPage, Marked } from './types.ts';

/** Strongly consistent. Leaves are read as many, since that is what programs are permitted. */
export async function getItem(database: Database, key: ItemKey): Promise<Item> {
  const { requests, plan } = database;
  const address = addressOf(database, key);
  const item = plannedKind(plan, key.kind).isGuarded
    ? await requests.get(address)
    : (await requests.batchGet(address.TableName, [address.Key]))[0];
  if (item === undefined) throw notFound(plan, key);
  return item;
}

export async function listItems(database: Database, kind: string, options: ListOptions): Promise<ListPage<Item>> {
  checkOptions(options);
  plannedKind(database.plan, kind);
  return pageOf(await listKind(database, kind, options.from, checkLimit(options.limit)));
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
  return pageOf(await listUnderKey(database, source, parent, checkLimit(options.limit), options.from));
}

/** @param under as it was given */
export function parentGiven({ plan }: Database, under: unknown): ItemKey {
  const { kind, id } = (typeof under === 'object' && under !== null ? under : {}) as Record<string, unknown>;
  plannedKind(plan, kind);
  return checkedKey(plan, kind as string, id);
}

function sourceOf({ plan }: Database, kind: string, parent: ItemKey): Count & { readonly by: 'key' } {
  const { words } = plannedKind(plan, kind);
  for (const source of plannedKind(plan, parent.kind).countedBy) {
    if (source.by === 'key' && source.kind === kind) return source;
  }
  throw invalid(
    `${words.plural} do not lie under the key of a ${plannedKind(plan, parent.kind).words.singular}; list all of them`,
  );
}

/** The ids and marks of what is marked, eventually consistent. It reads what is marked, not what exists. */
export async function listMarkedItems(
  database: Database,
  kind: string,
  options: ListOptions,
): Promise<ListPage<Marked<unknown>>> {
  checkOptions(options);
  const { items, next } = await listMarkedOf(database, kind, options.from, checkLimit(options.limit));
  const marked = items.map(({ key, markedAt }) => ({ id: idOf(database.plan, key), markedAt }));
  return pageOf({ items: marked, next });
}

function pageOf<T>({ items, next }: { readonly items: readonly T[]; readonly next: ListPage<T>['next'] | undefined }) {
  return { items, ...(next && { next }) };
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
      const addresses = some.map((key) => addressOf(database, key).Key);
      await deletePlainly(database.requests, tableOf(database, kind), addresses, givenUp);
    } catch (error) {
      throw withDone(error, done);
    }
    done.push(...some.map(nameOf));
  }
}

/** A bulk request that stopped on its way says what was done before. */
export function withDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof DeallocatorError) || done.length === 0) return error;
  const { code, message, cause, blockers } = error;
  return new DeallocatorError(code, `${message} (${done.length} before it were done)`, { cause, blockers, done });
}
