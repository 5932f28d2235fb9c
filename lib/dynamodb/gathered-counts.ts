/**
 * The children of many parents, counted by one read of a table with `IN`. Such a read may end early, at 1 MB or anywhere. So
 * "none" is said only of a parent that a read named, that had no row in it, and that read came to its end (docs/design.md §4.3 R53).
 */
import { type AttributeValue, ExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import { COUNT_READS_MAX, COUNTED_TOGETHER_MAX } from '../protocol/limits.ts';
import type { ParentKey } from '../protocol/model.ts';
import { chunks, groupBy } from '../protocol/parallel.ts';
import type { Database } from './database.ts';
import { gather } from './gather.ts';
import { PARENT_TABLES, TABLES } from './schema.ts';

export interface Count {
  readonly parent: ParentKey;
  readonly most: number;
}

/** @param alone counts one parent's children */
export function gatherCounts(
  database: Database,
  alone: (question: Count) => Promise<number>,
): (question: Count) => Promise<number> {
  return gather<Count, number>({
    alone,
    together: async (questions) => {
      const counted = new Map<string, number>();
      let unknown = [...new Set(questions.map(({ parent }) => parent.id))];
      const most = Math.max(...questions.map((question) => question.most));
      const kind = (questions[0] as Count).parent.kind;
      // Each read that ended early has seen at least one parent's children, and a further one leaves out those that it saw. A parent
      // whose children fill a read costs it once.
      for (let reads = 1; unknown.length > 0 && reads <= COUNT_READS_MAX; reads++) {
        const { rows, isWhole } = await readChildren(database, kind, unknown, most);
        for (const id of rows) counted.set(id, (counted.get(id) ?? 0) + 1);
        if (isWhole) for (const id of unknown) counted.set(id, counted.get(id) ?? 0);
        unknown = unknown.filter((id) => !counted.has(id));
      }
      return questions.map((question) => {
        const count = counted.get(question.parent.id);
        return async () => (count === undefined ? await alone(question) : Math.min(count, question.most));
      });
    },
    group: (questions) =>
      [...groupBy(questions, ({ parent }) => parent.kind).values()].flatMap((same) =>
        chunks(same, COUNTED_TOGETHER_MAX),
      ),
  });
}

/** The parents' ids, once for each child. */
async function readChildren(
  { requests, at }: Database,
  kind: ParentKey['kind'],
  ids: readonly string[],
  most: number,
): Promise<{ readonly rows: readonly string[]; readonly isWhole: boolean }> {
  const { partitionKey } = TABLES[PARENT_TABLES[kind].children];
  const table = at.children({ kind, id: '' });
  const input = {
    Statement: `SELECT "${partitionKey}" FROM "${table}" WHERE "${partitionKey}" IN [${ids.map(() => '?').join(', ')}]`,
    Parameters: ids.map((id): AttributeValue => ({ S: id })) as [AttributeValue, ...AttributeValue[]],
    ConsistentRead: true,
    Limit: most,
  };
  const { Items, NextToken } = await requests.send(
    'ExecuteStatement',
    (db) => db.send(new ExecuteStatementCommand(input)),
    [table],
  );
  // An answer without rows and without a place to go on proves that there are none, so it has to be an answer.
  if (Items === undefined) return { rows: [], isWhole: false };
  return { rows: Items.map((item) => item[partitionKey]?.S as string), isWhole: NextToken === undefined };
}
