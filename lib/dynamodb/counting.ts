/** One parent's children, counted and listed by queries of their own. Strongly consistent. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { CHILD_COUNT_PAGES_MAX } from '../protocol/limits.ts';
import { kindRules } from '../protocol/model.ts';
import { eachPage, type PageKey } from '../protocol/pages.ts';
import { isChildOf, isNotTerminal } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed } from './expressions.ts';
import type { Count, List } from './gathered-children.ts';
import { listAttached } from './reads.ts';

/** Whether some of its children may be gone although they are there. */
export function endsByState({ rules }: Database, { kind }: ItemKey): boolean {
  return rules.taskIsGone === 'terminal' && kindRules(kind).runsTasks;
}

export async function countAlone(database: Database, { parent, most }: Count): Promise<number> {
  const { requests, at } = database;
  const query = {
    TableName: at.children(parent),
    ...expressed({ keys: isChildOf(parent), filter: endsByState(database, parent) ? isNotTerminal : undefined }),
  };
  const list = (from: PageKey | undefined) =>
    requests.query({ ...query, ConsistentRead: true, Select: 'COUNT', Limit: most }, from);
  // Without the filter, an empty first page says that there is no child. With it, a page may hold only ended tasks.
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
  // A page may end before its limit, and the one user that keeps the network may be on the next. Each page but the last
  // holds an item, so the limit bounds the pages.
  const list = (from: PageKey | undefined) => listAttached(database, held, most - names.size, from);
  for await (const { items } of eachPage(list)) {
    for (const name of items) names.add(name);
    if (names.size >= most) break;
  }
  return [...names];
}
