/** Where what keeps an item is found: a query of a base table for each of the plan's sources. */
import { partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Count, KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { fill } from '../lifecycle/templates.ts';
import { allOf, sameAttribute, startOfAttribute } from './conditions.ts';
import type { Database } from './database.ts';

/** Which sources a kind has. */
export function sourcesOf(plan: Plan, kind: string): readonly Count[] {
  return (plan.kinds[kind] as KindPlan).countedBy;
}

/** That source of a kind's which is its attachments. */
export function attachmentsOf(plan: Plan, kind: string): Count | undefined {
  return sourcesOf(plan, kind).find(({ by }) => by === 'attachments');
}

/** The items of the child's kind under the keys of the parent's. */
export function sourceUnderKey(
  plan: Plan,
  parent: string,
  child: string,
): (Count & { readonly by: 'key' }) | undefined {
  return sourcesOf(plan, parent).find((source) => source.by === 'key' && source.kind === child) as
    | (Count & { readonly by: 'key' })
    | undefined;
}

/** The partition of a source's table in which all of one parent's are, and what their sort keys are or begin with. */
export interface Place {
  readonly table: string;
  readonly partition: { readonly attribute: string; readonly text: string };
  readonly sort?: { readonly attribute: string; readonly text: string; readonly isWhole: boolean };
}

export function placeOf(plan: Plan, source: Count, parent: ItemKey): Place {
  if (source.by === 'attachments') {
    const attribute = plan.tables.attachments?.partitionKey as string;
    return { table: 'attachments', partition: { attribute, text: itemName(parent) } };
  }
  const parts = partsOfKey(plan, parent);
  const { table, partition, sort } = source;
  const place = { table, partition: { attribute: partition.attribute, text: fill(partition.of, parts) } };
  if (sort === undefined) return place;
  const text = fill(sort.equals ?? sort.beginsWith, parts);
  return { ...place, sort: { attribute: sort.attribute, text, isWhole: sort.equals !== undefined } };
}

/** The query of one source: its table, and what it asks of the keys. */
export function queryOf({ plan, at }: Pick<Database, 'plan' | 'at'>, source: Count, parent: ItemKey) {
  const { table, partition, sort } = placeOf(plan, source, parent);
  const isInPartition = sameAttribute(partition.attribute, ':parent', partition.text);
  const keys =
    sort === undefined
      ? isInPartition
      : allOf(
          isInPartition,
          (sort.isWhole ? sameAttribute : startOfAttribute)(sort.attribute, ':underParent', sort.text),
        );
  return { TableName: at.table(table), keys };
}
