/** Waits until marked objects are gone, by looking again and again. */
import { checkParent } from '../../protocol/arguments.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../../protocol/limits.ts';
import { type ParentKey, parentName } from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { interruptible } from '../interruptible.ts';
import { type Cluster, keyOf } from './cluster.ts';
import type { StayReason } from './forecast.ts';
import { HISTORY_DELETIONS_MAX, hasReceipt, readHistory } from './history.ts';
import { readChildCount } from './status.ts';
import { type CountView, viewHold } from './view.ts';

/** The pause between two looks grows by half each time. */
const LOOK_PAUSE_MIN_MILLIS = 500;
const LOOK_PAUSE_MAX_MILLIS = 5000;
const LOOK_PAUSE_GROWTH = 1.5;
/** Objects that one call waits for: each look reads each of them and its children. */
const WAIT_OBJECTS_MAX = 1000;

export interface Awaited extends ParentKey {
  /** The mark whose end is awaited, as the removal returned it. @default the one that is there at the first look */
  readonly markedAt?: string;
}

export interface WaitOptions {
  /** How long to wait at most. @default - until everything is gone, or `signal` aborts */
  readonly timeoutMillis?: number | undefined;
  /** Its reason is thrown at once. */
  readonly signal?: AbortSignal;
}

/**
 * `gone`: deleted, even if the id is in use again. `undeleted`: the mark was taken back. `not marked`: there was no mark at the
 * first look. `still there`: the time ran out.
 */
export interface WaitOutcome {
  readonly object: string;
  readonly outcome: 'gone' | 'undeleted' | 'not marked' | 'still there';
}

export interface WaitProgress {
  readonly elapsedMillis: number;
  readonly waitingFor: readonly {
    readonly object: string;
    /** For a service its tasks, for a network its users. */
    readonly children: CountView;
    readonly hold?: StayReason;
  }[];
  /** What is no longer waited for. */
  readonly ended: readonly WaitOutcome[];
}

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
  for (const object of awaited) checkParent(object);
  const { chance } = cluster;
  const startEpochMillis = chance.nowEpochMillis();
  const marks = new Map(awaited.map((object) => [parentName(object), object.markedAt]));
  const ended = new Map<string, WaitOutcome>();
  let pauseMillis = LOOK_PAUSE_MIN_MILLIS;
  for (;;) {
    signal?.throwIfAborted();
    const left = [...marks.keys()].filter((name) => !ended.has(name));
    const looks = await mapInParallel(left, PARENTS_IN_PARALLEL, async (name) => {
      const seen = await look(cluster, keyOf(name), marks.get(name));
      if ('outcome' in seen) ended.set(name, { object: name, outcome: seen.outcome });
      else marks.set(name, seen.markedAt);
      return 'outcome' in seen ? [] : [seen.waiting];
    });
    const waitingFor = looks.flat();
    const elapsedMillis = chance.nowEpochMillis() - startEpochMillis;
    yield { elapsedMillis, waitingFor, ended: [...ended.values()] };
    const leftMillis = timeoutMillis - elapsedMillis;
    if (waitingFor.length === 0 || leftMillis <= 0) break;
    await interruptible(chance.pause(Math.min(pauseMillis, leftMillis)), { signal });
    pauseMillis = Math.min(LOOK_PAUSE_MAX_MILLIS, pauseMillis * LOOK_PAUSE_GROWTH);
  }
  const outcomes = [...marks.keys()].map((object) => ended.get(object) ?? { object, outcome: 'still there' as const });
  return { outcomes, isDone: outcomes.every(({ outcome }) => outcome === 'gone') };
}

type Look =
  | { readonly outcome: Exclude<WaitOutcome['outcome'], 'still there'> }
  | { readonly markedAt: string | undefined; readonly waiting: WaitProgress['waitingFor'][number] };

/** @param markedAt the mark whose end is awaited; undefined until a mark with a time was seen */
async function look(cluster: Cluster, key: ParentKey, markedAt: string | undefined): Promise<Look> {
  const parent = await cluster.readParent(key);
  if (parent === undefined) return { outcome: 'gone' };
  if (markedAt !== undefined && !(parent.pendingDelete && parent.markedAt === markedAt)) {
    // With a receipt of that mark, this is another life of the id; without, the mark was taken back.
    return { outcome: (await hasEnded(cluster, key, markedAt)) ? 'gone' : 'undeleted' };
  }
  if (!parent.pendingDelete) return { outcome: 'not marked' };
  const hold = viewHold(parent, cluster.circumstances);
  const waiting = { object: parentName(key), children: await readChildCount(cluster, key), ...(hold && { hold }) };
  return { markedAt: parent.markedAt, waiting };
}

/** A network may have been deleted with a service, whose receipt then tells of it. */
async function hasEnded(cluster: Cluster, key: ParentKey, markedAt: string): Promise<boolean> {
  if (await hasReceipt(cluster, key, markedAt)) return true;
  if (key.kind === 'service') return false;
  const { deletions } = await readHistory(cluster, { ...key, limit: HISTORY_DELETIONS_MAX });
  return deletions.some((deletion) => deletion.markedAt === markedAt);
}
