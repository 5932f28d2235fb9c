/** The lists that a sweep and a stop look through, and the place where a sweep stopped. No decision rests on them. */

import type { ItemKey } from '../lifecycle/keys.ts';
import { SWEEP_PAGE_ITEMS } from '../protocol/limits.ts';
import { type ParentKind, parseParentName } from '../protocol/model.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import type { Listed, SweepCursor } from '../protocol/store.ts';
import {
  allOf,
  hasNoMarkedAt,
  idBeginsWith,
  isChildOf,
  isMarked,
  isNotTerminal,
  isNotToldToStop,
} from './conditions.ts';
import type { Database } from './database.ts';
import { expressed, only, setting } from './expressions.ts';
import { sweepCursorOf } from './items.ts';
import { MARKED_INDEX } from './schema.ts';

export async function listMarked(
  { requests, at }: Database,
  kind: ParentKind,
  from: PageKey | undefined,
  itemsMax = SWEEP_PAGE_ITEMS,
): Promise<Page<Listed & { readonly at: { readonly id: string; readonly markedAt: string } }>> {
  const input = {
    TableName: at.parents(kind),
    IndexName: MARKED_INDEX.name,
    Limit: itemsMax,
    ConsistentRead: false, // an index knows no other; the sweep only looks here, the proof reads the table
  };
  const { items, next } = await requests.scan(input, from);
  return { items: items.map(({ id, markedAt }) => ({ key: { kind, id }, markedAt, at: { id, markedAt } })), next };
}

export async function listUnstamped(
  { requests, at }: Database,
  kind: ParentKind,
  from: PageKey | undefined,
): Promise<Page<Listed>> {
  const unstamped = expressed({ filter: allOf(isMarked, hasNoMarkedAt), projection: only(['id']) });
  const { items, next } = await requests.scan(
    { TableName: at.parents(kind), ConsistentRead: true, ...unstamped },
    from,
  );
  return { items: items.map(({ id }) => ({ key: { kind, id }, markedAt: undefined, at: { id } })), next };
}

export async function listCounters({ requests, at }: Database, from: PageKey | undefined): Promise<Page<Listed>> {
  const input = { TableName: at.tables.counters, Limit: SWEEP_PAGE_ITEMS, ConsistentRead: true };
  const { items, next } = await requests.scan(input, from);
  const listed = items.flatMap(({ id }) => {
    const key = parseParentName(id);
    return key === undefined ? [] : [{ key, markedAt: undefined, at: { id } }];
  });
  return { items: listed, next };
}

export async function readSweepCursor({ requests, at }: Database): Promise<SweepCursor | undefined> {
  return sweepCursorOf(await requests.get(at.sweepCursor()));
}

export async function writeSweepCursor({ requests, at }: Database, cursor: SweepCursor | undefined): Promise<void> {
  if (cursor === undefined) await requests.delete(at.sweepCursor());
  else await requests.update({ ...at.sweepCursor(), ...expressed({ update: setting({ cursor }) }) });
}

export async function listUnstopped(
  { requests, at, rules }: Database,
  service: ItemKey,
  from: PageKey | undefined,
): Promise<Page<string>> {
  const unstopped = rules.taskIsGone === 'terminal' ? allOf(isNotToldToStop, isNotTerminal) : isNotToldToStop;
  const query = {
    TableName: at.children(service),
    ...expressed({ keys: isChildOf(service), filter: unstopped, projection: only(['id']) }),
    ConsistentRead: true,
  };
  const { items, next } = await requests.query(query, from);
  return { items: items.map(({ id }) => id), next };
}

/** Ids of what is marked that begin so, as they were some moments ago: the index of marks is small. */
export async function listMarkedIds(
  { requests, at }: Database,
  kind: ParentKind,
  prefix: string,
  from: PageKey | undefined,
): Promise<Page<string>> {
  const input = {
    TableName: at.parents(kind),
    IndexName: MARKED_INDEX.name,
    // DynamoDB refuses an empty text here.
    ...expressed({ filter: prefix === '' ? undefined : idBeginsWith(prefix), projection: only(['id']) }),
    ConsistentRead: false,
  };
  const { items, next } = await requests.scan(input, from);
  return { items: items.map(({ id }) => id), next };
}
