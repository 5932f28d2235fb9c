/**
 * The reads by page that several rooms share, and what reports, audits and exports look at, no wider than they ask. All of
 * them are strongly consistent.
 */

import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { isBare } from '../lifecycle/templates.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { allOf, idIs, isCalledFrom, isChildOf, isMarked, labelIs } from './conditions.ts';
import type { Database } from './database.ts';
import { DESCRIPTION_PATHS } from './descriptions.ts';
import { expressed, only } from './expressions.ts';
import { scanItems } from './item-reads.ts';
import { type Item, native, type StoredItem } from './requests.ts';
import type { TableName } from './schema.ts';

/** A parent's children, whole items. */
export function listChildren({ requests, at }: Database, parent: ItemKey, itemsMax: number, from?: PageKey) {
  const query = {
    TableName: at.children(parent),
    ...expressed({ keys: isChildOf(parent) }),
    ConsistentRead: true,
    Select: 'ALL_ATTRIBUTES',
    Limit: itemsMax,
  } as const;
  return requests.query(query, from);
}

/** The holders of what is held by attachments, as these name them. */
export async function listAttached(database: Database, held: ItemKey, itemsMax: number, from?: PageKey) {
  const { items, next } = await listChildren(database, held, itemsMax, from);
  return { items: items.map(({ holder }): string => holder), next };
}

/** A whole table, whole items. */
export function scanTable({ requests, at }: Database, table: TableName, from?: PageKey, itemsMax?: number) {
  return requests.scan({ TableName: at.tables[table], ConsistentRead: true, Limit: itemsMax }, from);
}

/** These paths of a whole table's items, as they are stored: what the SDK can't translate of one must not cost the others. */
export async function scanPaths(
  { requests, at }: Database,
  table: TableName,
  paths: readonly string[],
  from: PageKey | undefined,
): Promise<Page<StoredItem>> {
  const input = { TableName: at.tables[table], ...expressed({ projection: only(paths) }), ConsistentRead: true };
  const { Items = [], next } = await requests.scanStored(input, from);
  return { items: Items, next };
}

/** These paths of a parent's children, each without what the SDK can't translate. */
export async function listChildrenPaths(
  { requests, at }: Database,
  parent: ItemKey,
  paths: readonly string[],
  from: PageKey | undefined,
  itemsMax?: number,
): Promise<Page<Item>> {
  const input = {
    TableName: at.children(parent),
    ...expressed({ keys: isChildOf(parent), projection: only(paths) }),
    ConsistentRead: true,
    Limit: itemsMax,
  };
  const { Items = [], next } = await requests.queryStored(input, from);
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
  database: Database,
  kind: string,
  { labels = [], isMarked: onlyMarked = false, beginning = '' }: Listing,
  from: PageKey | undefined,
): Promise<Page<StoredItem>> {
  const { kinds, attributes } = database.plan;
  const { table, key } = kinds[kind] as KindPlan;
  const paths = [...Object.keys(key), ...DESCRIPTION_PATHS, ...Object.values(attributes)];
  const marked = { ...isMarked, names: { '#pendingDelete': attributes.pendingDelete } };
  // DynamoDB refuses an empty text in an expression. What an id begins with tells its key, where that is one text alone.
  const [attribute, ...others] = Object.keys(key);
  const isPlain = others.length === 0 && attribute !== undefined && isBare(key[attribute] ?? '');
  const called = beginning === '' || !isPlain ? [] : [{ ...isCalledFrom(beginning), names: { '#id': attribute } }];
  const filters = [...labels.map(labelIs), ...(onlyMarked ? [marked] : []), ...called];
  return scanItems(database, table, paths, from, filters.length === 0 ? undefined : allOf(...filters));
}

/** The receipts of a name, one for each life; or only so many of the last ones. */
export function listReceipts({ requests, at }: Database, name: string, from?: PageKey, lastMax?: number) {
  const query = { TableName: at.tables.receipts, ...expressed({ keys: idIs(name) }), ConsistentRead: true };
  const last = lastMax === undefined ? {} : { ScanIndexForward: false, Limit: lastMax };
  return requests.query({ ...query, ...last }, from);
}
