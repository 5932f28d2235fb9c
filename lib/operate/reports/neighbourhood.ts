/**
 * The part of a cluster that decides what becomes of some objects: the objects, and step by step what uses, or is used by,
 * anything that is marked or about to be. An object without a mark stays in any case, so the search ends at it.
 */
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { KINDS, type Parent, type ParentKey, parentName, serviceOf } from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { type Names, namesOf } from '../names.ts';
import {
  type AttachedFound,
  type Cluster,
  type CounterFound,
  type FoundParent,
  keyOf,
  TASK_PAGES_MAX,
  type TasksFound,
} from './cluster.ts';

/** Services and networks of one neighbourhood, beside those that were asked for. Each costs two reads. */
const PARENTS_MAX = 1000;
/** Tasks that are named for each service. */
export const TASKS_NAMED_MAX = 20;

export interface Neighbourhood {
  /** By {@link parentName}. Undefined: it was read, and is not there. */
  readonly parents: ReadonlyMap<string, Parent | undefined>;
  /** By the service's id: the tasks that hold it. */
  readonly tasks: ReadonlyMap<string, TasksFound>;
  /** By the network's id: its users. Only for networks that are marked or were asked for. */
  readonly attached: ReadonlyMap<string, AttachedFound>;
  /** By {@link parentName}: the counters of what is marked. */
  readonly counters?: ReadonlyMap<string, CounterFound>;
  /** What people call its objects, where their specs have other names than their ids. */
  readonly names?: Names;
  /** False: there is more of it than was read. */
  readonly isWhole: boolean;
}

/** @param asIfMarked names of objects that count as marked */
export async function readNeighbourhood(
  cluster: Cluster,
  seeds: readonly ParentKey[],
  asIfMarked: ReadonlySet<string> = new Set(),
): Promise<Neighbourhood> {
  const parents = new Map<string, FoundParent | undefined>();
  const tasks = new Map<string, TasksFound>();
  const attached = new Map<string, AttachedFound>();
  const asked = new Set(seeds.map(parentName));
  let wave = [...asked];
  const most = asked.size + PARENTS_MAX;
  let isWhole = true;
  while (wave.length > 0) {
    const some = wave.slice(0, most - parents.size);
    isWhole &&= some.length === wave.length;
    const next = await mapInParallel(some, NETWORKS_IN_PARALLEL, async (name) => {
      const key = keyOf(name);
      const parent = await cluster.readParent(key);
      parents.set(name, parent);
      if (parent === undefined) return [];
      const isClosed = !parent.pendingDelete && !asIfMarked.has(name) && !asked.has(name);
      if (KINDS[key.kind].runsTasks) {
        const pagesMax = asked.has(name) ? TASK_PAGES_MAX : 1;
        tasks.set(key.id, await cluster.readTasks(key.id, TASKS_NAMED_MAX, pagesMax));
        return isClosed ? [] : parent.references.map((id) => parentName({ kind: 'network', id }));
      }
      if (isClosed) return [];
      const found = await cluster.readAttached(key.id);
      attached.set(key.id, found);
      isWhole &&= found.isWhole;
      return found.users.map((user) => parentName(serviceOf(user)));
    });
    // No object is in two waves, and all waves together hold at most the limit.
    wave = some.length < wave.length ? [] : [...new Set(next.flat())].filter((name) => !parents.has(name));
  }
  const marked = [...parents.values()].flatMap((parent) => (parent?.pendingDelete ? [parent.key] : []));
  const counters = marked.length === 0 ? new Map() : await cluster.readCounters(marked);
  return { parents, tasks, attached, counters, names: namesOf(parents.values()), isWhole };
}

/** The neighbourhood as it will be once these are marked. @param markedAt the time of the marks, ISO 8601 */
export function withMarks(part: Neighbourhood, names: ReadonlySet<string>, markedAt: string): Neighbourhood {
  const parents = [...part.parents].map(([name, parent]): [string, Parent | undefined] => [
    name,
    parent && names.has(name) ? { ...parent, pendingDelete: true, markedAt } : parent,
  ]);
  return { ...part, parents: new Map(parents) };
}
