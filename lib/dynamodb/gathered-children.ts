/**
 * The children of many parents, counted or listed by one read of a table with `IN`, whichever kinds these are of. Such a read may end early, at 1 MB or anywhere.
 * So "none" is said only of a parent that a read named, that had no row in it, and that read came to its end (docs/design.md §4.3 R53).
 * An answer with a row that nobody asked for proves nothing at all.
 */
import { type AttributeValue, ExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Count } from '../lifecycle/kind-plan.ts';
import { COUNT_READS_MAX, COUNTED_TOGETHER_MAX } from '../protocol/limits.ts';
import { chunks, groupBy } from '../protocol/parallel.ts';
import { type Place, placeOf } from './children.ts';
import type { Database } from './database.ts';
import { gather } from './gather.ts';

/** How many of one source keep an item. */
export interface CountOf {
  readonly parent: ItemKey;
  readonly source: Count;
  readonly most: number;
}

/** What is asked of something that is held by attachments: at most so many of its holders. */
export interface List {
  readonly held: ItemKey;
  readonly most: number;
}

/** @param alone counts one parent's children */
export function gatherCounts(
  database: Database,
  alone: (question: CountOf) => Promise<number>,
): (question: CountOf) => Promise<number> {
  const { plan } = database;
  const textOf = ({ parent, source }: CountOf) => placeOf(plan, source, parent).partition.text;
  return gather<CountOf, number>({
    alone,
    together: async (questions) => {
      const most = Math.max(...questions.map((question) => question.most));
      const { parent, source } = questions[0] as CountOf;
      const place = placeOf(plan, source, parent);
      const known = await readChildren(database, place, {
        partitions: questions.map(textOf),
        attributes: [place.partition.attribute],
        // Of a parent that has a row, whatever else it has: a count need not be whole.
        isEnough: (rows) => rows.length > 0,
        rowsMax: () => most,
      });
      return questions.map((question) => {
        const count = known.get(textOf(question))?.length;
        return async () => (count === undefined ? await alone(question) : Math.min(count, question.most));
      });
    },
    group: (questions) =>
      [...groupBy(questions, ({ source }) => (source.by === 'attachments' ? source.by : source)).values()].flatMap(
        (same) => chunks(same, COUNTED_TOGETHER_MAX),
      ),
  });
}

/** @param alone lists the holders of one. What several ask of one in a turn is asked once. */
export function gatherLists(
  database: Database,
  alone: (question: List) => Promise<string[]>,
): (question: List) => Promise<string[]> {
  return gather<List, string[]>({
    alone,
    together: async (questions) => {
      const { held, most } = questions[0] as List;
      const partitions = [...new Set(questions.map((question) => itemName(question.held)))];
      if (partitions.length === 1) {
        const names = await alone({ held, most });
        return questions.map(() => async () => names);
      }
      const attributes = Object.keys(database.at.attachmentNamed('', '').Key) as [string, string];
      const place = { table: 'attachments', partition: { attribute: attributes[0], text: itemName(held) } };
      const known = await readChildren(database, place, {
        partitions,
        attributes,
        isEnough: (rows) => usersIn(rows).length >= most,
        // One more than all may show: where this ends a read, one of them has shown as many as it may.
        rowsMax: (parents) => parents * most + 1,
      });
      return questions.map((question) => {
        const rows = known.get(itemName(question.held));
        return async () => (rows === undefined ? await alone(question) : usersIn(rows).slice(0, most));
      });
    },
    group: (questions) =>
      [...groupBy(questions, ({ most }) => most).values()].flatMap((same) =>
        chunks([...groupBy(same, ({ held }) => itemName(held)).values()], COUNTED_TOGETHER_MAX).map((some) =>
          some.flat(),
        ),
      ),
  });
}

/** What was asked of an item, in the order of the attributes: its parent comes first. */
type Row = readonly string[];

interface Reads {
  readonly partitions: readonly string[];
  readonly attributes: readonly string[];
  /** Whether so many rows of a parent answer its question, whatever else it has. */
  isEnough(rows: readonly Row[]): boolean;
  /** Of one read for so many parents. */
  rowsMax(parents: number): number;
}

/** The rows of those parents whose question the reads answer, by their partition. The others have to be asked alone. */
async function readChildren(
  database: Database,
  place: Place,
  { partitions, attributes, isEnough, rowsMax }: Reads,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const known = new Map<string, readonly Row[]>();
  let unknown = [...new Set(partitions)];
  // Each read that ended early has seen at least one parent's children, and a further one leaves out those that it saw. A parent
  // whose children fill a read costs it once.
  for (let reads = 1; unknown.length > 0 && reads <= COUNT_READS_MAX; reads++) {
    const { rows, isWhole } = await readPage(database, place, {
      partitions: unknown,
      attributes,
      most: rowsMax(unknown.length),
    });
    const byParent = groupBy(rows, ([parent]) => parent);
    for (const partition of unknown) {
      const seen = byParent.get(partition) ?? [];
      if (isWhole || isEnough(seen)) known.set(partition, seen);
    }
    unknown = unknown.filter((partition) => !known.has(partition));
  }
  return known;
}

async function readPage(
  { requests, at }: Database,
  { table: name, partition, sort }: Place,
  { partitions, attributes, most }: Pick<Reads, 'partitions' | 'attributes'> & { readonly most: number },
): Promise<{ readonly rows: readonly Row[]; readonly isWhole: boolean }> {
  const table = at.table(name);
  const shown = attributes.map(quoted).join(', ');
  const within =
    sort === undefined
      ? ''
      : sort.isWhole
        ? ` AND ${quoted(sort.attribute)} = ?`
        : ` AND begins_with(${quoted(sort.attribute)}, ?)`;
  const texts = [...partitions, ...(sort === undefined ? [] : [sort.text])];
  const input = {
    Statement: `SELECT ${shown} FROM "${table}" WHERE ${quoted(partition.attribute)} IN [${partitions.map(() => '?').join(', ')}]${within}`,
    Parameters: texts.map((S): AttributeValue => ({ S })) as [AttributeValue, ...AttributeValue[]],
    ConsistentRead: true,
    Limit: most,
  };
  const { Items, NextToken, LastEvaluatedKey } = await requests.send('ExecuteStatement', (db) =>
    db.send(new ExecuteStatementCommand(input)),
  );
  const asked = new Set(partitions);
  const rows = Items?.map((item) => attributes.map((name) => item[name]?.S));
  // An answer without rows and without a place to go on proves that there are none, so it has to be an answer, and to this question.
  if (!rows?.every((row): row is string[] => !row.includes(undefined) && asked.has(row[0] as string))) {
    return { rows: [], isWhole: false };
  }
  return { rows, isWhole: NextToken === undefined && LastEvaluatedKey === undefined };
}

/** Each once: a user that comes twice must not hide another one. */
function usersIn(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(([, user]) => user as string))];
}

/** A name in PartiQL, where a quotation mark in it is written twice. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
