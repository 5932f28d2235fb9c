/** The item `lifecycle` of tables in which all is learned, as a sweep leaves it. */
import { LIFECYCLE_ID, type PhysicalNames } from '../../lib/dynamodb/schema.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { declarationOf } from '../../lib/protocol/learning.ts';

export function learnedItem(plan: Plan, names: PhysicalNames): Record<string, unknown> {
  const since = '2026-01-01T00:00:00.000Z';
  return { id: LIFECYCLE_ID, version: 'v1', declaration: declarationOf(plan, names), since, endsFrom: since };
}
