/** The lists that a sweep and a stop look through, and the place where a sweep stopped. No decision rests on them. */

import { keyOfItem, parseItemName } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { TablePlan } from '../lifecycle/tables.ts';
import { SWEEP_PAGE_ITEMS } from '../protocol/limits.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import type { Listed, SweepCursor, Telling } from '../protocol/store.ts';
import { queryOf, sourceUnderKey } from './children.ts';
import { allOf, hasNoMarkedAt, idBeginsWith, isMarked, isNotGone, isNotTold } from './conditions.ts';
import type { Database } from './database.ts';
import { attributePath, expressed, only, setting } from './expressions.ts';
import { indexKeyNames, keyNames, sweepCursorOf } from './items.ts';
import type { Item } from './requests.ts';

export async function listMarked(
  database: Database,
  kind: string,
  from: PageKey | undefined,
  itemsMax = SWEEP_PAGE_ITEMS,
): Promise<Page<Listed & { readonly markedAt: string }>> {
  const { requests, at, plan } = database;
  const table = tableOf(database, kind);
  const input = {
    TableName: at.tableOf(kind),
    IndexName: table.markedIndex?.name,
    Limit: itemsMax,
    ConsistentRead: false, // an index knows no other; the sweep only looks here, the proof reads the table
  };
  const { items, next } = await requests.scan(input, from);
  const names = indexKeyNames(table);
  return {
    items: items.flatMap((item) => {
      const key = keyOfItem(plan, kind, item);
      return key === undefined ? [] : [{ key, markedAt: item[plan.attributes.markedAt], at: pick(item, names) }];
    }),
    next,
  };
}

export async function listUnstamped(
  database: Database,
  kind: string,
  from: PageKey | undefined,
): Promise<Page<Listed>> {
  const { requests, at, plan } = database;
  const names = keyNames(tableOf(database, kind));
  const unstamped = expressed({
    filter: allOf(isMarked(plan), hasNoMarkedAt(plan)),
    projection: only(names.map(attributePath)),
  });
  const { items, next } = await requests.scan(
    { TableName: at.tableOf(kind), ConsistentRead: true, ...unstamped },
    from,
  );
  return {
    items: items.flatMap((item) => {
      const key = keyOfItem(plan, kind, item);
      return key === undefined ? [] : [{ key, markedAt: undefined, at: pick(item, names) }];
    }),
    next,
  };
}

/** The counters of guarded items: of nothing else could there be one. */
export async function listCounters({ requests, at, plan }: Database, from: PageKey | undefined): Promise<Page<Listed>> {
  const input = { TableName: at.table('counters'), Limit: SWEEP_PAGE_ITEMS, ConsistentRead: true };
  const { items, next } = await requests.scan(input, from);
  const listed = items.flatMap(({ id }) => {
    const key = parseItemName(plan, id);
    const isGuarded = key !== undefined && (plan.kinds[key.kind] as KindPlan).isGuarded;
    return isGuarded ? [{ key, markedAt: undefined, at: { id } }] : [];
  });
  return { items: listed, next };
}

function tableOf({ plan }: Database, kind: string): TablePlan {
  return plan.tables[(plan.kinds[kind] as KindPlan).table] as TablePlan;
}

function pick(item: Item, names: readonly string[]): PageKey {
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

export async function readSweepCursor({ requests, at, plan }: Database): Promise<SweepCursor | undefined> {
  return sweepCursorOf(plan, await requests.get(at.sweepCursor()));
}

export async function writeSweepCursor({ requests, at }: Database, cursor: SweepCursor | undefined): Promise<void> {
  if (cursor === undefined) await requests.delete(at.sweepCursor());
  else await requests.update({ ...at.sweepCursor(), ...expressed({ update: setting({ cursor }) }) });
}

export async function listUntold(
  database: Database,
  parent: ItemKey,
  { kind, set }: Telling,
  from: PageKey | undefined,
): Promise<Page<ItemKey>> {
  const { requests, plan } = database;
  const source = sourceUnderKey(plan, parent.kind, kind);
  if (source === undefined) return { items: [], next: undefined };
  const { TableName, keys } = queryOf(database, source, parent);
  const filter = source.goneWhen === undefined ? isNotTold(set) : allOf(isNotTold(set), isNotGone(source.goneWhen));
  const projection = only(keyNames(tableOf(database, kind)).map(attributePath));
  const query = { TableName, ...expressed({ keys, filter, projection }), ConsistentRead: true };
  const { items, next } = await requests.query(query, from);
  return { items: items.flatMap((item) => keyOfItem(plan, kind, item) ?? []), next };
}

/** What is marked and whose ids begin so, as it was some moments ago: the index of marks is small. */
export async function listMarkedIds(
  database: Database,
  kind: string,
  prefix: string,
  from: PageKey | undefined,
): Promise<Page<string>> {
  const { requests, at, plan } = database;
  const planned = plan.kinds[kind] as KindPlan;
  const table = tableOf(database, kind);
  const input = {
    TableName: at.tableOf(kind),
    IndexName: table.markedIndex?.name,
    // DynamoDB refuses an empty text here.
    ...expressed({
      filter: prefix === '' ? undefined : idBeginsWith(planned, prefix),
      projection: only(keyNames(table).map(attributePath)),
    }),
    ConsistentRead: false,
  };
  const { items, next } = await requests.scan(input, from);
  return { items: items.flatMap((item) => keyOfItem(plan, kind, item)?.id ?? []), next };
}
