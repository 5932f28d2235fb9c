/** What keeps an item, from one of its kind's sources, page by page and no wider than asked. Strongly consistent. */
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count } from '../lifecycle/kind-plan.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { queryOf } from './children.ts';
import type { Database } from './database.ts';
import { declaredPath, expressed, only } from './expressions.ts';
import { type Item, native } from './requests.ts';

/** What says whether an item of the source counts: its key, and the state that ends it. */
export async function listSource(
  database: Database,
  source: Count,
  parent: ItemKey,
  from: PageKey | undefined,
): Promise<Page<Item>> {
  const { TableName, keys } = queryOf(database, source, parent);
  const paths = [...(source.by === 'key' ? [source.partition.attribute] : ['held'])].map(declaredPath);
  const state = source.by === 'key' && source.goneWhen ? [declaredPath(source.goneWhen.at)] : [];
  const projection = only([...paths, ...state]);
  const { Items = [], next } = await database.requests.queryStored(
    { TableName, ...expressed({ keys, projection }), ConsistentRead: true },
    from,
  );
  return { items: Items.map(native), next };
}
