/** What all tables hold at one moment, as they are read: by the plan's names of the tables. */
import type { ItemKey } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { type KindWorld, type StoredItem, tellItem } from './rest.ts';

/** The items of each table. Where there are no receipts, none are kept. */
export type Tables = Readonly<Record<string, readonly StoredItem[] | undefined>>;

/** All items in the kind's table. */
export function itemsOf(plan: Plan, tables: Tables, kind: string): readonly StoredItem[] {
  return tables[(plan.kinds[kind] as KindPlan).table] ?? [];
}

export function worldOf(plan: Plan, tables: Tables): KindWorld {
  return {
    items: Object.fromEntries(Object.keys(plan.kinds).map((kind) => [kind, itemsOf(plan, tables, kind)])),
    attachments: (tables.attachments ?? []) as KindWorld['attachments'],
    counters: (tables.counters ?? []) as KindWorld['counters'],
  };
}

/** Each item of a kind that holds anything, with what it holds. */
export function holdersOf(plan: Plan, tables: Tables): { readonly key: ItemKey; readonly held: readonly ItemKey[] }[] {
  return Object.entries(plan.kinds).flatMap(([kind, { holds }]) =>
    holds.length === 0
      ? []
      : itemsOf(plan, tables, kind).flatMap((item) => {
          const { key, held } = tellItem(plan, kind, item);
          return key === undefined ? [] : [{ key, held }];
        }),
  );
}
