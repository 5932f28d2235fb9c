/**
 * The reads by page that several rooms share, and what reports, audits and exports look at, no wider than they ask. All of
 * them are strongly consistent.
 */
import { QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { ParentKey, ParentKind } from '../protocol/model.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import type { Address } from './addresses.ts';
import { MARSHALL_OPTIONS } from './client.ts';
import { labelIs } from './conditions.ts';
import type { Database } from './database.ts';
import { childrenOf, combined, filtered, projected } from './expressions.ts';
import { type Item, native, type StoredItem } from './requests.ts';
import { PARENT_TABLES, TABLES, type TableName } from './schema.ts';

/** The attachment names of a network's users. */
export async function listAttached(
  { requests, at }: Database,
  network: ParentKey,
  itemsMax: number,
  from: PageKey | undefined,
): Promise<Page<string>> {
  const query = {
    ...childrenOf(at.tables, network),
    ConsistentRead: true,
    Select: 'ALL_ATTRIBUTES',
    Limit: itemsMax,
  } as const;
  const { items, next } = await requests.query(query, from);
  return { items: items.map(({ serviceId }) => serviceId), next };
}

/** A whole table, whole items. */
export function scanTable(
  { requests, at }: Database,
  table: TableName,
  from: PageKey | undefined,
  itemsMax?: number,
): Promise<Page<Item>> {
  const input = {
    TableName: at.tables[table],
    ConsistentRead: true,
    ...(itemsMax !== undefined && { Limit: itemsMax }),
  };
  return requests.scan(input, from);
}

/** An item as it is stored, and no more of it than these paths. */
export function readPaths(
  { requests }: Database,
  address: Address,
  paths: readonly string[],
): Promise<StoredItem | undefined> {
  return requests.getStored({ ...address, ...projected(paths) });
}

/** A whole table, its items as they are stored: what the SDK can't translate of one must not cost the others. */
export async function scanPaths(
  { requests, at }: Database,
  table: TableName,
  paths: readonly string[],
  from: PageKey | undefined,
): Promise<Page<StoredItem>> {
  const input = { TableName: at.tables[table], ...projected(paths), ConsistentRead: true, ...startingAt(from) };
  const { Items = [], LastEvaluatedKey } = await requests.send('Scan', (db) => db.send(new ScanCommand(input)));
  return { items: Items, next: placeOf(LastEvaluatedKey) };
}

/** A parent's children, each without what the SDK can't translate. */
export async function listChildren(
  { requests, at }: Database,
  parent: ParentKey,
  paths: readonly string[],
  from: PageKey | undefined,
  itemsMax?: number,
): Promise<Page<Item>> {
  const { ExpressionAttributeValues, ...query } = combined(childrenOf(at.tables, parent), projected(paths));
  const input = {
    ...query,
    ExpressionAttributeValues: marshall(ExpressionAttributeValues, MARSHALL_OPTIONS),
    ConsistentRead: true,
    ...(itemsMax !== undefined && { Limit: itemsMax }),
    ...startingAt(from),
  };
  const { Items = [], LastEvaluatedKey } = await requests.send('Query', (db) => db.send(new QueryCommand(input)));
  return { items: Items.map(native), next: placeOf(LastEvaluatedKey) };
}

/** The parents of a kind whose spec carries this label. Reads the whole table. */
export async function listLabelled(
  { requests, at }: Database,
  kind: ParentKind,
  label: { readonly name: string; readonly value: string },
  from: PageKey | undefined,
): Promise<Page<ParentKey>> {
  const labelled = combined(filtered(labelIs(label.name, label.value)), projected(['id']));
  const TableName = at.tables[PARENT_TABLES[kind].parents];
  const { items, next } = await requests.scan({ TableName, ConsistentRead: true, ...labelled }, from);
  return { items: items.map(({ id }) => ({ kind, id })), next };
}

/** The receipts of a name, each of another life. */
export function listReceipts(
  { requests, at }: Database,
  name: string,
  from: PageKey | undefined,
  options: { readonly ScanIndexForward?: boolean; readonly Limit?: number } = {},
): Promise<Page<Item>> {
  const input = {
    TableName: at.tables.receipts,
    KeyConditionExpression: '#id = :id',
    ExpressionAttributeNames: { '#id': TABLES.receipts.partitionKey },
    ExpressionAttributeValues: { ':id': name },
    ConsistentRead: true,
    ...options,
  };
  return requests.query(input, from);
}

/** The receipt of a name's last life. */
export async function readLastReceipt(database: Database, name: string): Promise<Item | undefined> {
  const { items } = await listReceipts(database, name, undefined, { ScanIndexForward: false, Limit: 1 });
  return items[0];
}

export function readReceipt(
  { requests, at }: Database,
  parent: ParentKey,
  markedAt: string,
): Promise<Item | undefined> {
  return requests.get({ ...at.receipt(parent, markedAt), ConsistentRead: true });
}

function startingAt(from: PageKey | undefined) {
  return from && { ExclusiveStartKey: marshall(from, MARSHALL_OPTIONS) };
}

function placeOf(key: StoredItem | undefined): PageKey | undefined {
  return key && native(key);
}
