/**
 * The reads by page that several rooms share, and what reports, audits and exports look at, no wider than they ask. All of
 * them are strongly consistent.
 */

import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count, KindPlan } from '../lifecycle/kind-plan.ts';
import { markAttributes } from '../lifecycle/plan.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { attachmentsOf, queryOf, sourcesOf } from './children.ts';
import { allOf, isCalledFrom, isMarked, labelIs, sameAttribute } from './conditions.ts';
import type { Database } from './database.ts';
import { DESCRIPTION_PATHS } from './descriptions.ts';
import { attributePath, expressed, only, outermost } from './expressions.ts';
import { type Item, native, type StoredItem } from './requests.ts';

/** What one source has of a parent's, whole items. */
export function listChildren(database: Database, parent: ItemKey, itemsMax: number, from?: PageKey, source?: Count) {
  const { TableName, keys } = queryOf(database, source ?? onlySource(database, parent), parent);
  const query = {
    TableName,
    ...expressed({ keys }),
    ConsistentRead: true,
    Select: 'ALL_ATTRIBUTES',
    Limit: itemsMax,
  } as const;
  return database.requests.query(query, from);
}

function onlySource({ plan }: Database, { kind }: ItemKey): Count {
  return sourcesOf(plan, kind)[0] as Count;
}

/** The holders of what is held by attachments, as these name them. */
export async function listAttached(database: Database, held: ItemKey, itemsMax: number, from?: PageKey) {
  const source = attachmentsOf(database.plan, held.kind);
  if (source === undefined) return { items: [], next: undefined };
  const { items, next } = await listChildren(database, held, itemsMax, from, source);
  return { items: items.map(({ holder }): string => holder), next };
}

/** A whole table, whole items. */
export function scanTable({ requests, at }: Database, table: string, from?: PageKey, itemsMax?: number) {
  return requests.scan({ TableName: at.table(table), ConsistentRead: true, Limit: itemsMax }, from);
}

/** These paths of a whole table's items, as they are stored: what the SDK can't translate of one must not cost the others. */
export async function scanPaths(
  { requests, at }: Database,
  table: string,
  paths: readonly string[],
  from: PageKey | undefined,
): Promise<Page<StoredItem>> {
  const input = { TableName: at.table(table), ...expressed({ projection: only(paths) }), ConsistentRead: true };
  const { Items = [], next } = await requests.scanStored(input, from);
  return { items: Items, next };
}

/** These paths of a parent's children, each without what the SDK can't translate. */
export async function listChildrenPaths(
  database: Database,
  parent: ItemKey,
  paths: readonly string[],
  from: PageKey | undefined,
  itemsMax?: number,
): Promise<Page<Item>> {
  const { TableName, keys } = queryOf(database, onlySource(database, parent), parent);
  const input = { TableName, ...expressed({ keys, projection: only(paths) }), ConsistentRead: true, Limit: itemsMax };
  const { Items = [], next } = await database.requests.queryStored(input, from);
  return { items: Items.map(native), next };
}

/** Which parents a listing shows. */
export interface Listing {
  /** A label that the object carries; without a value, any. */
  readonly labels?: readonly { readonly name: string; readonly value?: string }[];
  readonly isMarked?: boolean;
  /** How its id or its name begins. */
  readonly beginning?: string;
}

/** A kind's parents as they are stored, with what they are called, and their mark and protection. Reads the whole table. */
export async function listDescribed(
  { requests, at, plan }: Database,
  kind: string,
  { labels = [], isMarked: onlyMarked = false, beginning = '' }: Listing,
  from: PageKey | undefined,
): Promise<Page<StoredItem>> {
  // DynamoDB refuses an empty text in an expression.
  const { key } = plan.kinds[kind] as KindPlan;
  const called = beginning === '' ? [] : [isCalledFrom({ key }, beginning)];
  const filters = [...labels.map(labelIs), ...(onlyMarked ? [isMarked(plan)] : []), ...called];
  const keys = Object.keys(key).map(attributePath);
  const ours = markAttributes(plan).map(attributePath);
  const input = {
    TableName: at.tableOf(kind),
    ...expressed({
      projection: only(outermost([...keys, ...DESCRIPTION_PATHS, ...ours])),
      filter: filters.length === 0 ? undefined : allOf(...filters),
    }),
    ConsistentRead: true,
  };
  const { Items = [], next } = await requests.scanStored(input, from);
  return { items: Items, next };
}

/** The receipts of a name, one for each life; or only so many of the last ones. */
export function listReceipts({ requests, at }: Database, name: string, from?: PageKey, lastMax?: number) {
  const query = {
    TableName: at.table('receipts'),
    ...expressed({ keys: sameAttribute('id', ':id', name) }),
    ConsistentRead: true,
  };
  const last = lastMax === undefined ? {} : { ScanIndexForward: false, Limit: lastMax };
  return requests.query({ ...query, ...last }, from);
}
