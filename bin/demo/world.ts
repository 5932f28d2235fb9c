/** All items of all tables, as the demo and the tests check them. */
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { isOwnItem, type PhysicalNames } from '../../lib/dynamodb/schema.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { World } from '../../lib/protocol/invariants.ts';

/**
 * Strongly consistent page by page, but not one moment: where others write between two pages, a violation may be of the time
 * between, and a second look tells. Costs a full read of the tables.
 */
export async function readWorld(db: DynamoDBDocumentClient, tables: PhysicalNames): Promise<World> {
  const read = async (name: string) => {
    const items: Record<string, unknown>[] = [];
    const pages = paginateScan({ client: db }, { TableName: tables[name], ConsistentRead: true });
    for await (const page of pages) items.push(...(page.Items ?? []));
    return [name, items.filter(({ id }) => name !== 'counters' || !isOwnItem(id))] as const;
  };
  const names = Object.keys(planOf(SWARMKIT).tables);
  return Object.fromEntries(await Promise.all(names.map(read))) as unknown as World;
}
