/**
 * A cluster of any size as JSON lines: a head, then an object on each line, networks before services before tasks, then an end
 * that counts them. So a file that was cut off is told from a whole one.
 */
import { shown } from '../../protocol/arguments.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { linesOf } from '../lines.ts';
import { type Entry, isMap } from '../values.ts';
import { checkNetwork, checkService, checkTask } from './entries.ts';
import { byList, KIND_OF, type ListName, type SharedList, sharedAmong } from './lists.ts';
import { checkShared } from './shared.ts';
import { invalid, parseJson, type Snapshot } from './snapshot.ts';

/** What the first line is, and what no other document begins with. */
export const LINES_HEAD = '{"deallocator":"lines","version":1}';

/** Objects of each kind; volumes, secrets and configs only where the lifecycle has them. */
export type Counts = Readonly<Record<Exclude<ListName, SharedList>, number> & Partial<Record<SharedList, number>>>;

export function countsOf(snapshot: Snapshot): Counts {
  const lists = Object.entries(snapshot) as [ListName, readonly unknown[]][];
  return Object.fromEntries(lists.map(([list, objects]) => [list, objects.length])) as Counts;
}

export function lineOf(list: ListName, object: unknown): string {
  return `${JSON.stringify({ [KIND_OF[list]]: object })}\n`;
}

export function endOf(counts: Counts): string {
  return `${JSON.stringify({ end: counts })}\n`;
}

export interface Line {
  readonly list: ListName;
  /** Such as `cluster.jsonl: line 2`. */
  readonly where: string;
  readonly entry: Entry;
}

/**
 * The objects, in their order. Fails with `InvalidArgument`, and names the line: at text that is not JSON, at a line of another shape
 * or in another order, and at the end, if the file was cut off or the counts are others.
 */
export async function* readLines(
  name: string,
  pieces: AsyncIterable<string>,
  lists: readonly ListName[],
): AsyncGenerator<Line, Counts> {
  const counts = byList(() => 0, lists);
  let number = 0;
  let place = 0;
  let end: unknown;
  for await (const text of linesOf(pieces)) {
    const where = `${name}: line ${++number}`;
    // A shell that copies it may begin it with a mark of the byte order, and end its lines in its own way.
    if (number === 1 && text.replace(/^\uFEFF/, '').replace(/\r$/, '') === LINES_HEAD) continue;
    if (number === 1) throw invalid(`${where} is not ${LINES_HEAD}, with which "deallocator export --lines" begins`);
    if (end !== undefined) throw invalid(`${where} comes after the end; give what one export has written`);
    const document = parseJson(text, `${where} `);
    const [[word, entry] = [], ...others] = isMap(document) ? Object.entries(document) : [];
    if (word === 'end' && others.length === 0) {
      end = entry;
      continue;
    }
    const list = lists.find((one) => KIND_OF[one] === word);
    if (list === undefined || others.length > 0 || !isMap(entry)) {
      const kinds = lists.map((one) => KIND_OF[one]);
      throw invalid(
        `${where} is ${shown(document)}; it must be one ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}, or the end`,
      );
    }
    if (lists.indexOf(list) < place) {
      throw invalid(
        `${where} is a ${word} after ${lists[place]}; ${lists[0]} come first, then ${lists.slice(1).join(', then ')}`,
      );
    }
    place = lists.indexOf(list);
    counts[list]++;
    yield { list, where, entry };
  }
  if (end === undefined) {
    throw invalid(`${name} was cut off after line ${number}: it has no end; export again, or copy it again`);
  }
  if (!isMap(end) || lists.some((list) => (end[list] ?? 0) !== counts[list])) {
    throw invalid(`${name} holds ${JSON.stringify(counts)}, and its end says ${shown(end)}; lines are lacking`);
  }
  return counts;
}

/** By itself. Whether what it refers to is there, its own transaction checks. */
export function checkLine({ list, where, entry }: Line): void {
  const all = { has: () => true };
  const [shared] = sharedAmong([list]);
  if (shared !== undefined) checkShared(where, shared, entry);
  else if (list === 'networks') checkNetwork(where, entry);
  else if (list === 'services') checkService(where, entry, { networks: all, volumes: all, secrets: all, configs: all });
  else checkTask(where, entry, all);
}

/** For a reader of documents, which would hold all of it. */
export function refuseLines(name: string, text: string): void {
  if (!text.startsWith(LINES_HEAD)) return;
  throw new DeallocatorError(
    'InvalidArgument',
    `${name} holds lines, which are read twice and not held in memory; import it by its name, and with no other file`,
  );
}
