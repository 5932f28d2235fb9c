/** What tests say of SwarmKit's kinds, by their plan. */
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { type ItemKey, joinParts } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';

export const PLAN: Plan = planOf(SWARMKIT);

export const TABLES = PLAN.tables as Readonly<Record<TableName, TablePlan>>;

/** One value for each of them. */
export function forTables<T>(of: (table: TableName) => T): Readonly<Record<TableName, T>> {
  return Object.fromEntries(Object.keys(TABLES).map((table) => [table, of(table as TableName)])) as Record<
    TableName,
    T
  >;
}

export const FUNCTION_NAMES = [
  'task-deleted',
  'attachment-deleted',
  'service-updated',
  'network-updated',
  'sweep',
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

export function taskKey(service: string, task: string): ItemKey {
  return { kind: 'task', id: joinParts([service, task]) };
}

/** Ids of the networks that a service refers to. */
export function networksOf(service: object): string[] {
  return heldBy(PLAN, 'service', service as Readonly<Record<string, unknown>>).map(({ id }) => id);
}
