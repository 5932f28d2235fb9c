/** Waits until marked objects are gone, by looking again and again. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../../protocol/limits.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { interruptible } from '../interruptible.ts';
import { keyGiven, type ObjectKey, planned } from '../names.ts';
import type { Cluster } from './cluster.ts';
import { findDeleted, HISTORY_DELETIONS_MAX, hasReceipt, readHistory } from './history.ts';
import { keyOf } from './order.ts';
import { type Look, readEntries, type StatusEntry } from './status.ts';

/** The pause between two looks grows by half each time. */
const LOOK_PAUSE_MIN_MILLIS = 500;
const LOOK_PAUSE_MAX_MILLIS = 5000;
const LOOK_PAUSE_GROWTH = 1.5;
/** Objects that one call waits for: each look reads each of them and its children. */
const WAIT_OBJECTS_MAX = 1000;

/** An object whose end is awaited. */
export interface Awaited extends ObjectKey {
  /** The mark whose end is awaited, as the removal returned it. @default the one that is there at the first look */
  readonly markedAt?: string;
}

/** How long to wait. */
export interface WaitOptions {
  /** How long to wait at most. @default - until everything is gone, or `signal` aborts */
  readonly timeoutMillis?: number | undefined;
  /** Its reason is thrown at once. */
  readonly signal?: AbortSignal;
}

/** What became of an object that was waited for. */
export interface WaitOutcome {
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** What people call it, or did, where its spec has a name. */
  readonly name?: string;
  /**
   * `gone`: deleted, even if the id is in use again: it was seen and vanished, or a receipt tells of it. `not there`: it was
   * never seen, and no receipt tells of it. `undeleted`: the mark was taken back. `not marked`: there was no mark at the first
   * look. `still there`: the time ran out.
   */
  readonly outcome: 'gone' | 'not there' | 'undeleted' | 'not marked' | 'still there';
  /** False, of what is not there: not all receipts were read, and one of the others may tell of it. */
  readonly isWhole?: false;
  /** What is still there, as it was at the last look. */
  readonly waitsFor?: StatusEntry;
}

/** How a wait stands after one look. */
export interface WaitProgress {
  /** Since the wait began, in milliseconds. */
  readonly elapsedMillis: number;
  /** What is still there, with what it waits for. */
  readonly waitingFor: readonly StatusEntry[];
  /** What is no longer waited for. */
  readonly ended: readonly WaitOutcome[];
}

/** What became of everything that was waited for. */
export interface WaitResult {
  /** In the order in which they were given. */
  readonly outcomes: readonly WaitOutcome[];
  /** Whether all are gone. */
  readonly isDone: boolean;
}

/** Yields after each look, and returns what became of each object. */
export async function* waitUntilGone(
  cluster: Cluster,
  awaited: readonly Awaited[],
  { timeoutMillis = Number.POSITIVE_INFINITY, signal }: WaitOptions = {},
): AsyncGenerator<WaitProgress, WaitResult> {
  if (awaited.length > WAIT_OBJECTS_MAX) {
    throw new DeallocatorError(
      'InvalidArgument',
      `${awaited.length} objects are to be waited for; at most ${WAIT_OBJECTS_MAX} at once: wait for them in parts`,
    );
  }
  const { chance, plan } = cluster;
  const objects = awaited.map((one) => [itemName(keyGiven(plan, one)), one.markedAt] as const);
  const startEpochMillis = chance.nowEpochMillis();
  const marks = new Map(objects);
  // Whoever names a mark has seen it.
  const seen = new Set(objects.flatMap(([name, markedAt]) => (markedAt === undefined ? [] : [name])));
  const ended = new Map<string, Omit<WaitOutcome, 'name'>>();
  const names = new Map<string, string>();
  const namedOutcome = (one: Omit<WaitOutcome, 'name'>): WaitOutcome => {
    const name = names.get(one.object);
    return { ...one, ...(name !== undefined && { name }) };
  };
  let waitingFor: readonly StatusEntry[] = [];
  let pauseMillis = LOOK_PAUSE_MIN_MILLIS;
  for (;;) {
    signal?.throwIfAborted();
    const left = [...marks.keys()].filter((name) => !ended.has(name));
    const found = await readEntries(
      cluster,
      left.map((name) => keyOf(plan, name)),
    );
    const looks = await mapInParallel(left, PARENTS_IN_PARALLEL, (name, place) =>
      judge(cluster, keyOf(plan, name), marks.get(name), found[place] as Look),
    );
    const absent = left.filter((name, n) => looks[n]?.outcome === 'absent' && !seen.has(name));
    const { deletions: deleted, isWhole } = await findDeleted(
      cluster,
      absent.map((name) => keyOf(plan, name)),
    );
    for (const [n, { outcome, name = deleted.get(left[n] as string)?.name, entry }] of looks.entries()) {
      const object = left[n] as string;
      if (name !== undefined) names.set(object, name);
      if (outcome === 'absent') {
        const isGone = seen.has(object) || deleted.has(object);
        const absence = { outcome: 'not there', ...(!isWhole && { isWhole }) } as const;
        ended.set(object, { object, ...(isGone ? { outcome: 'gone' } : absence) });
      } else if (outcome !== 'still there') ended.set(object, { object, outcome });
      else {
        seen.add(object);
        marks.set(object, entry.mark.markedAt);
      }
    }
    waitingFor = looks.flatMap(({ entry }) => (entry ? [entry] : []));
    const elapsedMillis = chance.nowEpochMillis() - startEpochMillis;
    yield { elapsedMillis, waitingFor, ended: [...ended.values()].map(namedOutcome) };
    const leftMillis = timeoutMillis - elapsedMillis;
    if (waitingFor.length === 0 || leftMillis <= 0) break;
    await interruptible(chance.pause(Math.min(pauseMillis, leftMillis)), { signal });
    pauseMillis = Math.min(LOOK_PAUSE_MAX_MILLIS, pauseMillis * LOOK_PAUSE_GROWTH);
  }
  const last = new Map(waitingFor.map((entry) => [entry.object, entry]));
  const outcomes = [...marks.keys()].map((object) =>
    namedOutcome(ended.get(object) ?? stillThere(object, last.get(object))),
  );
  return { outcomes, isDone: outcomes.every(({ outcome }) => outcome === 'gone') };
}

function stillThere(object: string, waitsFor: StatusEntry | undefined): WaitOutcome {
  return { object, outcome: 'still there', ...(waitsFor && { waitsFor }) };
}

type Judged =
  | {
      readonly outcome: 'absent' | 'gone' | 'undeleted' | 'not marked';
      readonly name?: string | undefined;
      readonly entry?: undefined;
    }
  | { readonly outcome: 'still there'; readonly name?: string | undefined; readonly entry: StatusEntry };

/** @param markedAt the mark whose end is awaited; undefined until a mark with a time was seen */
async function judge(
  cluster: Cluster,
  key: ItemKey,
  markedAt: string | undefined,
  { parent, entry }: Look,
): Promise<Judged> {
  if (parent === undefined) return { outcome: 'absent' };
  const { name } = parent;
  if (markedAt !== undefined && !(parent.pendingDelete && parent.markedAt === markedAt)) {
    // With a receipt of that mark, this is another life of the id; without, the mark was taken back.
    return { outcome: (await hasEnded(cluster, key, markedAt)) ? 'gone' : 'undeleted', name };
  }
  return entry === undefined ? { outcome: 'not marked', name } : { outcome: 'still there', name, entry };
}

/** It may have gone along with another, as a network with a service, whose receipt then tells of it. */
async function hasEnded(cluster: Cluster, key: ItemKey, markedAt: string): Promise<boolean> {
  if (await hasReceipt(cluster, key, markedAt)) return true;
  if (!planned(cluster.plan, key.kind).goesAlong) return false;
  const { deletions } = await readHistory(cluster, { ...key, limit: HISTORY_DELETIONS_MAX });
  return deletions.some((deletion) => deletion.markedAt === markedAt);
}
