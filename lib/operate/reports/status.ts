/** What is marked and still there, the oldest first. */

import { checkLimit } from '../../protocol/arguments.ts';
import { PARENTS_IN_PARALLEL } from '../../protocol/limits.ts';
import { KINDS, type Parent, type ParentKey, type ParentKind, parentName } from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { isoNow, markedAtEpochMillis } from '../../protocol/time.ts';
import { byName, type Cluster, TASK_PAGES_MAX } from './cluster.ts';
import type { StayReason } from './forecast.ts';
import { type CounterView, type CountView, type MarkView, viewCounter, viewHold, viewMark } from './view.ts';

/** Marked objects that a status shows, by default and at most. Each costs a read of itself and one of its children. */
export const STATUS_OBJECTS_DEFAULT = 100;
export const STATUS_OBJECTS_MAX = 10_000;

export interface StatusOptions {
  /** 1 to 10,000. @default 100 */
  readonly limit?: number | undefined;
  /** Also finds marks of raw writers that no function has seen yet; reads the Services and Networks tables whole. @default false */
  readonly full?: boolean;
}

export interface StatusEntry {
  readonly kind: ParentKind;
  readonly id: string;
  /** Such as `service#web`. */
  readonly object: string;
  readonly mark: MarkView;
  /**
   * `draining`: children are left. `held`: no children are left, and it is protected or in its grace period. `ready`: nothing is
   * in its way; its deletion is under way, or a record was lost and the next sweep deletes it.
   */
  readonly state: 'draining' | 'held' | 'ready';
  /** For a service its tasks, for a network its users: counted in the table right now. */
  readonly children: CountView;
  readonly hold?: StayReason;
  /** Absent until the deallocator begins to count. */
  readonly counter?: CounterView;
}

export interface Status {
  /** When reading began, ISO 8601. What follows is not of one moment, since others write meanwhile. */
  readonly readAt: string;
  /** The oldest first; marks without a time come last. */
  readonly marked: readonly StatusEntry[];
  /** Newer marks that are not shown. */
  readonly more: number;
  /** False: there are more marks than were looked through, and the oldest may be among them. */
  readonly isWhole: boolean;
}

/** The index of marks may be some moments behind; each marked object is then read consistently. */
export async function readStatus(cluster: Cluster, options: StatusOptions = {}): Promise<Status> {
  const limit = checkLimit(options.limit ?? STATUS_OBJECTS_DEFAULT, STATUS_OBJECTS_MAX);
  const readAt = isoNow(cluster.chance);
  const { marks, isWhole } = await cluster.listMarks(options.full === true);
  const ages = new Map(marks.map(({ key, markedAt }) => [parentName(key), { key, millis: millisOf(markedAt) }]));
  const oldest = [...ages.values()].sort((a, b) => a.millis - b.millis || byName(a.key, b.key));
  const shown = oldest.slice(0, limit).map(({ key }) => key);
  const counters = await cluster.readCounters(shown);
  const entries = await mapInParallel(shown, PARENTS_IN_PARALLEL, async (key): Promise<StatusEntry[]> => {
    const parent = await cluster.readParent(key);
    // Deleted or undeleted since the index was read.
    if (!parent?.pendingDelete) return [];
    const counter = counters.get(parentName(key));
    const entry = describe(parent, await readChildCount(cluster, key), cluster);
    if (counter === undefined) return [entry];
    return [{ ...entry, counter: viewCounter(counter, cluster.chance.nowEpochMillis()) }];
  });
  return { readAt, marked: entries.flat(), more: oldest.length - shown.length, isWhole };
}

export async function readChildCount(cluster: Cluster, { kind, id }: ParentKey): Promise<CountView> {
  if (KINDS[kind].runsTasks) {
    const { count, isExact } = await cluster.readTasks(id, 0, TASK_PAGES_MAX);
    return { count, isExact };
  }
  const { users, isWhole } = await cluster.readAttached(id);
  return { count: users.length, isExact: isWhole };
}

function describe(parent: Parent, children: CountView, cluster: Cluster): StatusEntry {
  const { kind, id } = parent.key;
  const hold = viewHold(parent, cluster.circumstances);
  return {
    kind,
    id,
    object: parentName(parent.key),
    mark: viewMark(parent, cluster.chance.nowEpochMillis()),
    state: children.count > 0 || !children.isExact ? 'draining' : hold !== undefined ? 'held' : 'ready',
    children,
    ...(hold && { hold }),
  };
}

function millisOf(markedAt: string | undefined): number {
  return (markedAt === undefined ? undefined : markedAtEpochMillis(markedAt)) ?? Number.MAX_SAFE_INTEGER;
}
