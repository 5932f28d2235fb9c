/** Writes services, networks and tasks as JSON lines, page by page: any number of them. Writes nothing to the tables. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { openDatabase } from '../../dynamodb/database.ts';
import { scanTable } from '../../dynamodb/reads.ts';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { type ExportOptions, openEntries } from './export.ts';
import { type Counts, checkLine, endOf, LINES_HEAD, lineOf } from './lines.ts';
import { byList, type ListName, listsOf, SWARMKIT_PLAN } from './lists.ts';
import type { LeftOut } from './snapshot.ts';

/** Names that the result lists, of what is marked and of what is left out, before it only counts. */
export const EXPORT_NAMES_MAX = 1000;

/** How an export is done. */
export interface ExportLinesOptions extends ExportOptions {
  /** After each page: objects that were written so far. */
  readonly onProgress?: (counts: Counts) => void;
}

/** What was written, and what was not. */
export interface ExportLinesResult {
  /** Objects that were written. */
  readonly counts: Counts;
  /** Names of the first 1,000 that are marked for deletion. The file has them without their marks. */
  readonly marked: readonly string[];
  /** How many more are marked. */
  readonly moreMarked: number;
  /** The first 1,000 that JSON can't hold, or that an import would refuse by themselves. */
  readonly omitted: readonly LeftOut[];
  /** How many more were left out. */
  readonly moreOmitted: number;
}

/**
 * As `exportSnapshot`, for any number of objects: they are written in the order of the tables, and a page is held at a time. Whether
 * what an object refers to was exported too, the import's own transactions check.
 *
 * @param write resolves once the text is on its way
 */
export async function exportLines(
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  write: (text: string) => unknown,
  { signal, chance, plan = SWARMKIT_PLAN, onProgress }: ExportLinesOptions = {},
): Promise<ExportLinesResult> {
  const lists = listsOf(plan);
  const database = openDatabase(db, tables, { chance, plan });
  const [marked, omitted] = [new Sample<string>(), new Sample<LeftOut>()];
  const entries = openEntries({ mark: (object) => marked.add(object), omit: (leftOut) => omitted.add(leftOut) });
  const counts = byList(() => 0, lists);
  const exportAll = async (list: ListName) => {
    const check = (where: string, entry: Readonly<Record<string, unknown>>) => {
      checkLine({ list, where, entry });
      return lineOf(list, entry);
    };
    const pages = eachPage((from: PageKey | undefined) => {
      signal?.throwIfAborted();
      return scanTable(database, list, from, LIST_PAGE_ITEMS_MAX);
    });
    for await (const { items } of pages) {
      const lines = items.flatMap((item) =>
        list === 'tasks' ? entries.task(item, check) : entries.parent(list, item, check),
      );
      counts[list] += lines.length;
      await write(lines.join(''));
      onProgress?.(counts);
    }
  };
  await write(`${LINES_HEAD}\n`);
  for (const list of lists) await exportAll(list);
  await write(endOf(counts));
  return {
    counts,
    marked: marked.first,
    moreMarked: marked.more,
    omitted: omitted.first,
    moreOmitted: omitted.more,
  };
}

class Sample<T> {
  readonly first: T[] = [];
  more = 0;

  add(one: T): void {
    if (this.first.length < EXPORT_NAMES_MAX) this.first.push(one);
    else this.more++;
  }
}
