/** Waits until marked objects are gone, looking again and again. */
import { checkParent } from '../protocol/arguments.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../protocol/limits.ts';
import { type ParentKey, parentName } from '../protocol/model.ts';
import { mapInParallel } from '../protocol/parallel.ts';
import { type Cluster, keyOf } from './cluster.ts';
import type { StayReason } from './forecast.ts';
import { HISTORY_DELETIONS_MAX, hasReceipt, readHistory } from './history.ts';
import { countChildren } from './status.ts';
import { type CountView, viewHold } from './view.ts';

/** The pause between two looks: at first this, then half as much again each time, up to the maximum. */
const LOOK_PAUSE_MIN_MILLIS = 500;
const LOOK_PAUSE_MAX_MILLIS = 5000;
const LOOK_PAUSE_GROWTH = 1.5;
/** Objects that one call waits for: each look costs two reads of each. */
const WAIT_OBJECTS_MAX = 1000;

export interface Awaited extends ParentKey {
  /** The mark whose end is awaited, as the removal told it. @default the one that is there at the first look */
  readonly markedAt?: string;
}

export interface WaitOptions {
  /** How long to wait at most. @default - until everything is gone, or `signal` says so */
  readonly timeoutMillis?: number;
  /** Its reason is thrown at once. */
  readonly signal?: AbortSignal;
}

/**
 * `gone`: deleted, whatever has the id now. `undeleted`: its mark was taken back; `not marked`: there was none at the first
 * look; both stay. `still there`: the time was over.
 */
export interface WaitOutcome {
  readonly object: string;
  readonly outcome: 'gone' | 'undeleted' | 'not marked' | 'still there';
}

export interface WaitProgress {
  readonly elapsedMillis: number;
  readonly waitingFor: readonly {
    readonly object: string;
    /** Tasks, or attached services. */
    readonly children: CountView;
    readonly hold?: StayReason;
  }[];
  /** Those that are not waited for any more. */
  readonly ended: readonly WaitOutcome[];
}

export interface WaitResult {
  /** In the order in which they were given. */
  readonly outcomes: readonly WaitOutcome[];
  /** Whether all are gone. */
  readonly isDone: boolean;
}

/** Yields after each look at what is still there, and returns what became of each object. */
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
    await pause(cluster, Math.min(pauseMillis, leftMillis), signal);
    pauseMillis = Math.min(LOOK_PAUSE_MAX_MILLIS, pauseMillis * LOOK_PAUSE_GROWTH);
  }
  const outcomes = [...marks.keys()].map((object) => ended.get(object) ?? { object, outcome: 'still there' as const });
  return { outcomes, isDone: outcomes.every(({ outcome }) => outcome === 'gone') };
}

type Look =
  | { readonly outcome: Exclude<WaitOutcome['outcome'], 'still there'> }
  | { readonly markedAt: string | undefined; readonly waiting: WaitProgress['waitingFor'][number] };

/** @param markedAt the mark whose end is awaited; undefined as long as none was seen that tells its time */
async function look(cluster: Cluster, key: ParentKey, markedAt: string | undefined): Promise<Look> {
  const parent = await cluster.readParent(key);
  if (parent === undefined) return { outcome: 'gone' };
  if (markedAt !== undefined && !(parent.pendingDelete && parent.markedAt === markedAt)) {
    // Another life of the id, if that mark has a receipt; else somebody has taken it back.
    return { outcome: (await hasEnded(cluster, key, markedAt)) ? 'gone' : 'undeleted' };
  }
  if (!parent.pendingDelete) return { outcome: 'not marked' };
  const hold = viewHold(parent, cluster.circumstances);
  const waiting = { object: parentName(key), children: await countChildren(cluster, key), ...(hold && { hold }) };
  return { markedAt: parent.markedAt, waiting };
}

/** A network may have gone with a service, whose receipt tells of it: that one is searched for. */
async function hasEnded(cluster: Cluster, key: ParentKey, markedAt: string): Promise<boolean> {
  if (await hasReceipt(cluster, key, markedAt)) return true;
  if (key.kind === 'service') return false;
  const { deletions } = await readHistory(cluster, { ...key, limit: HISTORY_DELETIONS_MAX });
  return deletions.some((deletion) => deletion.markedAt === markedAt);
}

async function pause({ chance }: Cluster, millis: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return chance.pause(millis);
  if (signal.aborted) return;
  let stop: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  await Promise.race([chance.pause(millis), aborted]);
  if (stop) signal.removeEventListener('abort', stop);
}
