/** What reports read of items of any kind, by the plan: strongly consistent, and no wider than they ask. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributesOf, keyOfItem, partsOfKey } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count, KindPlan } from '../lifecycle/kind-plan.ts';
import { fill } from '../lifecycle/templates.ts';
import { invalid } from '../protocol/arguments.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import type { Address } from './addresses.ts';
import type { Database } from './database.ts';
import { expressed, only, type Phrase } from './expressions.ts';
import type { StoredItem } from './requests.ts';

/** The physical name of one of the plan's tables. */
export function tableNamed({ at }: Database, name: string): string {
  const tables: Readonly<Record<string, string | undefined>> = at.tables;
  const physical = Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (physical !== undefined) return physical;
  throw invalid(
    `the table ${name} of the lifecycle has no physical name; give one, as the deployment's configuration does`,
  );
}

export function addressOf(database: Database, key: ItemKey): Address {
  const { table } = database.plan.kinds[key.kind] as KindPlan;
  return { TableName: tableNamed(database, table), Key: { ...attributesOf(database.plan, key) } };
}

/** What is read of a path that leads into a list: the list. */
export function readable(path: string): string {
  return path.split('[]')[0] as string;
}

export function readItem(database: Database, key: ItemKey, paths: readonly string[]): Promise<StoredItem | undefined> {
  return database.requests.getStored(addressOf(database, key), paths);
}

/** Those of one kind that are there, in any order. The keys must differ. */
export function readItems(
  database: Database,
  kind: string,
  keys: readonly ItemKey[],
  paths: readonly string[],
): Promise<StoredItem[]> {
  const { table } = database.plan.kinds[kind] as KindPlan;
  const addresses = keys.map((key) => addressOf(database, key).Key);
  return database.requests.batchGetStored(tableNamed(database, table), addresses, paths);
}

/** These paths of the items of one kind under the key of another. */
export async function listUnder(
  database: Database,
  source: Count & { readonly by: 'key' },
  parent: ItemKey,
  paths: readonly string[],
  from: PageKey | undefined,
  itemsMax: number,
): Promise<Page<StoredItem>> {
  const parts = partsOfKey(database.plan, parent);
  const { partition, sort, table } = source;
  const of = (template: string) => fill(template, parts);
  const second =
    sort === undefined
      ? undefined
      : sort.equals === undefined
        ? { expression: 'begins_with(#sort, :sort)', text: of(sort.beginsWith), attribute: sort.attribute }
        : { expression: '#sort = :sort', text: of(sort.equals), attribute: sort.attribute };
  const keys: Phrase = {
    expression: ['#parent = :parent', ...(second === undefined ? [] : [second.expression])].join(' AND '),
    names: { '#parent': partition.attribute, ...(second && { '#sort': second.attribute }) },
    values: { ':parent': of(partition.of), ...(second && { ':sort': second.text }) },
  };
  const input = {
    TableName: tableNamed(database, table),
    ...expressed({ keys, projection: only(paths) }),
    ConsistentRead: true,
    Limit: itemsMax,
  };
  const { Items = [], next } = await database.requests.queryStored(input, from);
  return { items: Items, next };
}

/** These paths of all items of a table. */
export async function scanItems(
  database: Database,
  table: string,
  paths: readonly string[],
  from: PageKey | undefined,
  filter?: Phrase,
): Promise<Page<StoredItem>> {
  const input = {
    TableName: tableNamed(database, table),
    ...expressed({ projection: only(paths), filter }),
    ConsistentRead: true,
  };
  const { Items = [], next } = await database.requests.scanStored(input, from);
  return { items: Items, next };
}

/** The item's key; undefined for an item of the table that is none of the kind. */
export function keyOfStored({ plan }: Database, kind: string, item: StoredItem): ItemKey | undefined {
  const { key } = plan.kinds[kind] as KindPlan;
  const texts = Object.keys(key).map((attribute) => [attribute, item[attribute]?.S] as const);
  return keyOfItem(plan, kind, Object.fromEntries(texts));
}

/** What is at a path of a stored item that leads through no list. */
export function valueAt(item: StoredItem, path: string): AttributeValue | undefined {
  const [first = '', ...others] = path.split('.');
  return others.reduce<AttributeValue | undefined>(
    (value, step) => (value?.M !== undefined && Object.hasOwn(value.M, step) ? value.M[step] : undefined),
    Object.hasOwn(item, first) ? item[first] : undefined,
  );
}
