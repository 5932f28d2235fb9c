/** Reads all six tables and checks the promises that hold at rest. Prints nothing. */
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { type PhysicalNames, TABLES, type TableName } from '../dynamodb/schema.ts';
import { checkRest, type Violation, type World } from '../protocol/invariants.ts';

/**
 * Strongly consistent page by page, but not one moment: between two pages others may write. Where they do, a violation may
 * be of the time between, and a second look tells. Costs a full read of the tables.
 */
export async function readWorld(db: DynamoDBDocumentClient, tables: PhysicalNames): Promise<World> {
  const read = async (name: TableName) => {
    const items: Record<string, unknown>[] = [];
    const pages = paginateScan({ client: db }, { TableName: tables[name], ConsistentRead: true });
    for await (const page of pages) items.push(...(page.Items ?? []));
    return [name, items] as const;
  };
  const names = Object.keys(TABLES) as TableName[];
  return Object.fromEntries(await Promise.all(names.map(read))) as unknown as World;
}

export async function audit(db: DynamoDBDocumentClient, tables: PhysicalNames): Promise<Violation[]> {
  return checkRest(await readWorld(db, tables));
}
