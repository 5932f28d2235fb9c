/** What keeps one item, counted and listed by queries of their own. Strongly consistent. */

import { itemName } from '../lifecycle/keys.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { CHILD_COUNT_PAGES_MAX } from '../protocol/limits.ts';
import { eachPage, type PageKey } from '../protocol/pages.ts';
import { queryOf } from './children.ts';
import { isNotGone } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed } from './expressions.ts';
import type { CountOf, List } from './gathered-children.ts';
import { listAttached } from './reads.ts';

/** Those of one source. */
export async function countAlone(database: Database, { parent, source, most }: CountOf): Promise<number> {
  const { TableName, keys } = queryOf(database, source, parent);
  const goneWhen = source.by === 'key' ? source.goneWhen : undefined;
  const query = { TableName, ...expressed({ keys, filter: goneWhen && isNotGone(goneWhen) }) };
  const list = (from: PageKey | undefined) =>
    database.requests.query({ ...query, ConsistentRead: true, Select: 'COUNT', Limit: most }, from);
  // Without the filter, an empty first page says that there is none. With it, a page may hold only what is gone.
  for await (const { count, next } of eachPage(list, { pagesMax: CHILD_COUNT_PAGES_MAX })) {
    if (count > 0 || next === undefined) return count;
  }
  throw new DeallocatorError(
    'Aborted',
    `no child of ${itemName(parent)} was found in ${CHILD_COUNT_PAGES_MAX} pages, and more are left to read; try again`,
  );
}

/** The holders of what is held by attachments, as these name them. */
export async function listAlone(database: Database, { held, most }: List): Promise<string[]> {
  const names = new Set<string>();
  // A page may end before its limit, and the one holder that keeps it may be on the next. Each page but the last holds an item,
  // so the limit bounds the pages.
  const list = (from: PageKey | undefined) => listAttached(database, held, most - names.size, from);
  for await (const { items } of eachPage(list)) {
    for (const name of items) names.add(name);
    if (names.size >= most) break;
  }
  return [...names];
}
