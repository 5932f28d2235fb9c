/**
 * The children of many parents, counted or listed by one read of a table with `IN`. Such a read may end early, at 1 MB or anywhere.
 * So "none" is said only of a parent that a read named, that had no row in it, and that read came to its end (docs/design.md §4.3 R53).
 * An answer with a row that nobody asked for proves nothing at all.
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

/** What of a network's children is asked: at most so many names. */
export interface List {
  readonly network: ParentKey;
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
      const { kind } = (questions[0] as Count).parent;
      const most = Math.max(...questions.map((question) => question.most));
      const known = await readChildren(database, kind, {
        ids: questions.map(({ parent }) => parent.id),
        attributes: [partitionKeyOf(kind)],
        // Of a parent that has a row, whatever else it has: a count need not be whole.
        isEnough: (rows) => rows.length > 0,
        rowsMax: () => most,
      });
      return questions.map((question) => {
        const count = known.get(question.parent.id)?.length;
        return async () => (count === undefined ? await alone(question) : Math.min(count, question.most));
      });
    },
    group: (questions) =>
      [...groupBy(questions, ({ parent }) => parent.kind).values()].flatMap((same) =>
        chunks(same, COUNTED_TOGETHER_MAX),
      ),
  });
}

/** @param alone lists one network's users by their attachments' names. What several ask of one network in a turn is asked once. */
export function gatherLists(
  database: Database,
  alone: (question: List) => Promise<string[]>,
): (question: List) => Promise<string[]> {
  return gather<List, string[]>({
    alone,
    together: async (questions) => {
      const { network, most } = questions[0] as List;
      const ids = [...new Set(questions.map((question) => question.network.id))];
      if (ids.length === 1) {
        const names = await alone({ network, most });
        return questions.map(() => async () => names);
      }
      const known = await readChildren(database, network.kind, {
        ids,
        attributes: Object.keys(database.at.attachment('', '').Key),
        isEnough: (rows) => usersIn(rows).length >= most,
        // One more than all may show: where this ends a read, one of them has shown as many as it may.
        rowsMax: (networks) => networks * most + 1,
      });
      return questions.map((question) => {
        const rows = known.get(question.network.id);
        return async () => (rows === undefined ? await alone(question) : usersIn(rows).slice(0, most));
      });
    },
    group: (questions) =>
      [...groupBy(questions, ({ most }) => most).values()].flatMap((same) =>
        chunks([...groupBy(same, ({ network }) => network.id).values()], COUNTED_TOGETHER_MAX).map((some) =>
          some.flat(),
        ),
      ),
  });
}

/** What was asked of an item, in the order of the attributes: its parent comes first. */
type Row = readonly string[];

interface Reads {
  readonly ids: readonly string[];
  readonly attributes: readonly string[];
  /** Whether so many rows of a parent answer its question, whatever else it has. */
  isEnough(rows: readonly Row[]): boolean;
  /** Of one read for so many parents. */
  rowsMax(parents: number): number;
}

/** The rows of those parents whose question the reads answer, by id. The others have to be asked alone. */
async function readChildren(
  database: Database,
  kind: ParentKey['kind'],
  { ids, attributes, isEnough, rowsMax }: Reads,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const known = new Map<string, readonly Row[]>();
  let unknown = [...new Set(ids)];
  // Each read that ended early has seen at least one parent's children, and a further one leaves out those that it saw. A parent
  // whose children fill a read costs it once.
  for (let reads = 1; unknown.length > 0 && reads <= COUNT_READS_MAX; reads++) {
    const { rows, isWhole } = await readPage(database, kind, {
      ids: unknown,
      attributes,
      most: rowsMax(unknown.length),
    });
    const byParent = groupBy(rows, ([parent]) => parent);
    for (const id of unknown) {
      const seen = byParent.get(id) ?? [];
      if (isWhole || isEnough(seen)) known.set(id, seen);
    }
    unknown = unknown.filter((id) => !known.has(id));
  }
  return known;
}

async function readPage(
  { requests, at }: Database,
  kind: ParentKey['kind'],
  { ids, attributes, most }: Pick<Reads, 'ids' | 'attributes'> & { readonly most: number },
): Promise<{ readonly rows: readonly Row[]; readonly isWhole: boolean }> {
  const table = at.children({ kind, id: '' });
  const shown = attributes.map((name) => `"${name}"`).join(', ');
  const input = {
    Statement: `SELECT ${shown} FROM "${table}" WHERE "${partitionKeyOf(kind)}" IN [${ids.map(() => '?').join(', ')}]`,
    Parameters: ids.map((id): AttributeValue => ({ S: id })) as [AttributeValue, ...AttributeValue[]],
    ConsistentRead: true,
    Limit: most,
  };
  const { Items, NextToken, LastEvaluatedKey } = await requests.send(
    'ExecuteStatement',
    (db) => db.send(new ExecuteStatementCommand(input)),
    [table],
  );
  const asked = new Set(ids);
  const rows = Items?.map((item) => attributes.map((name) => item[name]?.S));
  // An answer without rows and without a place to go on proves that there are none, so it has to be an answer, and to this question.
  if (!rows?.every((row): row is string[] => !row.includes(undefined) && asked.has(row[0] as string))) {
    return { rows: [], isWhole: false };
  }
  return { rows, isWhole: NextToken === undefined && LastEvaluatedKey === undefined };
}

/** Each once: a user that comes twice must not hide another one. */
function usersIn(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.at(-1) as string))];
}

function partitionKeyOf(kind: ParentKey['kind']): string {
  return TABLES[PARENT_TABLES[kind].children].partitionKey;
}
