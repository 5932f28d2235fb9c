/** Tables that a user brings, as the plan asks for them. */
import type { Stack } from 'aws-cdk-lib';
import { AttributeType, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';

export const string = (name: string) => ({ name, type: AttributeType.STRING });
export const INDEX = { indexName: 'marked', partitionKey: string('id'), sortKey: string('markedAt') };

const SWARMKIT_PLAN: Plan = planOf(SWARMKIT);

/** What the plan asks for, as a user writes it who has read what `deallocator lifecycle` prints. */
export function rightProps(name: string, plan: Plan = SWARMKIT_PLAN) {
  const { partitionKey, sortKey, stream } = plan.tables[name] as TablePlan;
  return {
    partitionKey: string(partitionKey),
    ...(sortKey && { sortKey: string(sortKey) }),
    ...(stream && { stream: StreamViewType[stream] }),
  };
}

export function rightTable(stack: Stack, name: string, plan: Plan = SWARMKIT_PLAN): Table {
  const table = new Table(stack, `Own-${name}`, rightProps(name, plan));
  const { markedIndex } = plan.tables[name] as TablePlan;
  if (markedIndex !== undefined) {
    table.addGlobalSecondaryIndex({
      indexName: markedIndex.name,
      partitionKey: string(markedIndex.partitionKey),
      sortKey: string(markedIndex.sortKey),
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
  return table;
}
