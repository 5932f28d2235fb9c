/**
 * A cluster of any size as JSON lines: a head, then an object on each line, networks before services before tasks, then an end
 * that counts them. So a file that was cut off is told from a whole one.
 */
import { shown } from '../../protocol/arguments.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { linesOf } from '../lines.ts';
import { type Entry, isMap } from '../values.ts';
import { checkNetwork, checkService, checkTask, invalid, parseJson, type Snapshot } from './snapshot.ts';

/** What the first line is, and what no other document begins with. */
export const LINES_HEAD = '{"deallocator":"lines","version":1}';

/** Objects of each kind. */
export type Counts = Readonly<Record<keyof Snapshot, number>>;

const LISTS = ['networks', 'services', 'tasks'] as const satisfies readonly (keyof Snapshot)[];
const WORDS: Readonly<Record<keyof Snapshot, string>> = { networks: 'network', services: 'service', tasks: 'task' };

export function lineOf(list: keyof Snapshot, object: unknown): string {
  return `${JSON.stringify({ [WORDS[list]]: object })}\n`;
}

export function endOf(counts: Counts): string {
  return `${JSON.stringify({ end: counts })}\n`;
}

export interface Line {
  readonly list: keyof Snapshot;
  /** Such as `cluster.jsonl: line 2`. */
  readonly where: string;
  readonly entry: Entry;
}

/**
 * The objects, in their order. Fails with `InvalidArgument`, and names the line: at text that is not JSON, at a line of another shape
 * or in another order, and at the end, if the file was cut off or the counts are others.
 */
export async function* readLines(name: string, pieces: AsyncIterable<string>): AsyncGenerator<Line, Counts> {
  const counts = { networks: 0, services: 0, tasks: 0 };
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
    const list = LISTS.find((one) => WORDS[one] === word);
    if (list === undefined || others.length > 0 || !isMap(entry)) {
      throw invalid(`${where} is ${shown(document)}; it must be one network, service or task, or the end`);
    }
    if (LISTS.indexOf(list) < place) {
      throw invalid(`${where} is a ${word} after ${LISTS[place]}; networks come first, then services, then tasks`);
    }
    place = LISTS.indexOf(list);
    counts[list]++;
    yield { list, where, entry };
  }
  if (end === undefined) {
    throw invalid(`${name} was cut off after line ${number}: it has no end; export again, or copy it again`);
  }
  if (!isMap(end) || LISTS.some((list) => end[list] !== counts[list])) {
    throw invalid(`${name} holds ${JSON.stringify(counts)}, and its end says ${shown(end)}; lines are lacking`);
  }
  return counts;
}

/** By itself. Whether what it refers to is there, its own transaction checks. */
export function checkLine({ list, where, entry }: Line): void {
  const any = { has: () => true };
  if (list === 'networks') checkNetwork(where, entry);
  else if (list === 'services') checkService(where, entry, any);
  else checkTask(where, entry, any);
}

/** For a reader of documents, which would hold all of it. */
export function refuseLines(name: string, text: string): void {
  if (!text.startsWith(LINES_HEAD)) return;
  throw new DeallocatorError(
    'InvalidArgument',
    `${name} holds lines, which are read twice and not held in memory; import it by its name, and with no other file`,
  );
}
