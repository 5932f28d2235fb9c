/** Writes JSON lines to the tables: checks all of them first, then reads them again, a thousand at a time. */
import type { DeallocatorClient } from '../../client/client.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX, LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import { taskName } from '../names.ts';
import { type ImportOptions, type ImportResult, putAll, type Run, refused, Tally } from './import.ts';
import { networkPhase, servicePhase, sharedPhase, taskPhase } from './import-phases.ts';
import { type Counts, checkLine, type Line, readLines } from './lines.ts';
import { KIND_OF, type ListName, listsOf, type SharedList, SWARMKIT_PLAN, sharedAmong } from './lists.ts';
import { invalid, type NewShared, type Snapshot, type SnapshotTask } from './snapshot.ts';
import { Gathered, type Unusable } from './unusable.ts';

/** Objects that an import refuses or leaves out before it stops: they are held, since what belongs to them is refused too. */
const LEFT_OUT_MAX = 10_000;

/** A file that `exportLines` has written. */
export interface LinesFile {
  /** Its name in messages. */
  readonly name: string;
  /** Its text from the beginning: it is read twice. */
  open(): AsyncIterable<string>;
}

/** How lines are imported. */
export interface ImportLinesOptions extends ImportOptions {
  /** Leaves out what can't be used, with what belongs to it. @default false: fails, and says what */
  readonly skipUnusable?: boolean;
  /** What the deployment's lifecycle says, one of SwarmKit's. @default that of SWARMKIT */
  readonly plan?: Plan;
}

/** What became of each line's object. */
export type ImportLinesResult = ImportResult & {
  /** What can't be used, and was left out by `skipUnusable`. */
  readonly skipped: readonly Unusable[];
};

/**
 * As `importSnapshot`, for what `exportLines` has written: any number of objects, of which a thousand at a time are held. Nothing is
 * written if the file is not whole. Fails with `FailedPrecondition` at more than 10,000 objects that were refused; what is written by
 * then stays, and the next import continues there.
 */
export async function importLines(
  client: DeallocatorClient,
  file: LinesFile,
  options: ImportLinesOptions = {},
): Promise<ImportLinesResult> {
  const lists = listsOf(options.plan ?? SWARMKIT_PLAN);
  const { totals, faults } = await checkFile(file, lists, options);
  const tally = new Tally(totals, options.onProgress);
  for (const { object, reason } of faults.all) tally.leaveOut(object, refused(reason));
  const run: Run = { client, tally, signal: options.signal };
  // By name: a second line of one object finds the first one written.
  const group = new Map<string, Line>();
  const put = async () => {
    await putGroup(run, sharedAmong(lists), [...group.values()]);
    group.clear();
    if (tally.refused > LEFT_OUT_MAX) throw tooMany('were refused', 'mend them there or here, and import again');
  };
  for await (const line of readLines(file.name, file.open(), lists)) {
    const name = nameOf(line);
    if (faults.has(name)) continue;
    const [first] = group.values();
    if (group.size >= LIST_PAGE_ITEMS_MAX || group.has(name) || (first && first.list !== line.list)) await put();
    group.set(name, line);
  }
  await put();
  const skipped = new Set(faults.all.map(({ object }) => object));
  const { refusals, ...counts } = tally.result();
  return { ...counts, refusals: refusals.filter(({ object }) => !skipped.has(object)), skipped: faults.all };
}

async function checkFile(
  { name, open }: LinesFile,
  lists: readonly ListName[],
  { skipUnusable = false, signal }: ImportLinesOptions,
): Promise<{ readonly totals: Counts; readonly faults: Gathered }> {
  const faults = new Gathered();
  const lines = readLines(name, open(), lists);
  let next = await lines.next();
  while (!next.done) {
    signal?.throwIfAborted();
    const line = next.value;
    faults.attempt({ where: line.where, object: nameOf(line) }, () => checkLine(line));
    if (faults.all.length > LEFT_OUT_MAX) throw tooMany("can't be used", 'see what has written the file');
    next = await lines.next();
  }
  const [first, ...others] = faults.all.map(({ reason }) => reason);
  if (first === undefined || skipUnusable) return { totals: next.value, faults };
  const said = [first, ...others.slice(0, BLOCKERS_NAMED_MAX - 1)];
  const more = others.length - (said.length - 1);
  throw invalid(
    `${said.join('; ')}${more > 0 ? `; and ${more} more` : ''}. Mend it there, or leave out what can't be used, with what belongs to it: --skip-unusable (skipUnusable)`,
  );
}

async function putGroup(run: Run, shared: readonly SharedList[], group: readonly Line[]): Promise<void> {
  const entries = group.map(({ entry }) => entry);
  const [own] = sharedAmong(group.slice(0, 1).map(({ list }) => list));
  if (own !== undefined) return putAll(run, sharedPhase(run.client, own), entries as unknown as readonly NewShared[]);
  switch (group[0]?.list) {
    case 'networks':
      return putAll(run, networkPhase(run.client), entries as unknown as Snapshot['networks']);
    case 'services':
      return putAll(run, servicePhase(run.client, shared), entries as unknown as Snapshot['services']);
    case 'tasks':
      return putAll(run, taskPhase(run.client), entries as unknown as Snapshot['tasks']);
    default:
      return undefined;
  }
}

function nameOf({ list, entry }: Line): string {
  if (list === 'tasks') return taskName(entry as unknown as SnapshotTask);
  return itemName({ kind: KIND_OF[list], id: String(entry.id) });
}

function tooMany(what: string, remedy: string): DeallocatorError {
  return new DeallocatorError('FailedPrecondition', `more than ${LEFT_OUT_MAX} objects ${what}; ${remedy}`);
}
