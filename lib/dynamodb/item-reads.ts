/** What reports read of items of any kind, by the plan: strongly consistent, and no wider than they ask. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { keyOfItem } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count, KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { queryOf } from './children.ts';
import type { Database } from './database.ts';
import { attributePath, expressed, only, outermost } from './expressions.ts';
import type { StoredItem } from './requests.ts';

/** The paths of a kind's key attributes. */
export function keyPaths(plan: Plan, kind: string): string[] {
  return Object.keys((plan.kinds[kind] as KindPlan).key).map(attributePath);
}

export function readItem(database: Database, key: ItemKey, paths: readonly string[]): Promise<StoredItem | undefined> {
  return database.requests.getStored(database.at.item(key), outermost(paths));
}

/** Those of one kind that are there, in any order. The keys must differ. */
export function readItems(
  { requests, at }: Database,
  kind: string,
  keys: readonly ItemKey[],
  paths: readonly string[],
): Promise<StoredItem[]> {
  const addresses = keys.map((key) => at.item(key).Key);
  return requests.batchGetStored(at.tableOf(kind), addresses, outermost(paths));
}

/** These paths of what one source has of a parent's, as they are stored. */
export async function listFrom(
  database: Database,
  source: Count,
  parent: ItemKey,
  paths: readonly string[],
  from: PageKey | undefined,
  itemsMax: number,
): Promise<Page<StoredItem>> {
  const { TableName, keys } = queryOf(database, source, parent);
  const projection = only(outermost(paths));
  const input = { TableName, ...expressed({ keys, projection }), ConsistentRead: true, Limit: itemsMax };
  const { Items = [], next } = await database.requests.queryStored(input, from);
  return { items: Items, next };
}

/** The item's key; undefined for an item of the table that is none of the kind. */
export function keyOfStored({ plan }: Pick<Database, 'plan'>, kind: string, item: StoredItem): ItemKey | undefined {
  const { key } = plan.kinds[kind] as KindPlan;
  const texts = Object.keys(key).map((attribute) => [attribute, item[attribute]?.S] as const);
  return keyOfItem(plan, kind, Object.fromEntries(texts));
}

/** What is at a path of a lifecycle that leads through no list. */
export function valueAt(item: StoredItem, path: string): AttributeValue | undefined {
  return path
    .split('.')
    .reduce<AttributeValue | undefined>(
      (value, step) => (value?.M !== undefined && Object.hasOwn(value.M, step) ? value.M[step] : undefined),
      { M: item },
    );
}
