/**
 * The part of a cluster that decides what becomes of some objects: the objects, and step by step what uses, or is used by,
 * anything that is marked or about to be. An object without a mark stays in any case, so the search ends at it.
 */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { kindRules, type Parent, serviceOf } from '../../protocol/model.ts';
import { type Names, namesOf } from '../names.ts';
import { readAttachedTo, readTasksOf } from './children.ts';
import { type Cluster, type CounterFound, type FoundParent, keyOf, TASK_PAGES_MAX } from './cluster.ts';
import type { AttachedFound, TasksFound } from './found.ts';
import type { Deletion } from './history.ts';

/** Services and networks of one neighbourhood, beside those that were asked for. */
const PARENTS_MAX = 1000;
/** Tasks that are named for each service. */
export const TASKS_NAMED_MAX = 20;

/** Objects, and what decides about them. */
export interface Neighbourhood {
  /** By name, such as `service#web`. Undefined: it was read, and is not there. */
  readonly parents: ReadonlyMap<string, Parent | undefined>;
  /** By the service's id: the tasks that hold it. */
  readonly tasks: ReadonlyMap<string, TasksFound>;
  /** By the network's id: its users. Only for networks that are marked or were asked for. */
  readonly attached: ReadonlyMap<string, AttachedFound>;
  /** By name, such as `service#web`: the counters of what is marked. */
  readonly counters?: ReadonlyMap<string, CounterFound>;
  /** The last deletion of what was asked for and is gone, where that was looked up. */
  readonly gone?: ReadonlyMap<string, Deletion>;
  /** What people call its objects, where their specs have other names than their ids. */
  readonly names?: Names;
  /** False: there is more of it than was read. */
  readonly isWhole: boolean;
}

/** How far a neighbourhood is read. */
export interface NeighbourhoodOptions {
  /** Names of objects that count as marked. */
  readonly asIfMarked?: ReadonlySet<string>;
  /** Services at which the search ends, beside those that were asked for, whose tasks are counted. @default all */
  readonly closedCountedMax?: number;
}

/** Reads it, at most 1,000 services and networks beside the `seeds`. Strongly consistent, but not of one moment. */
export async function readNeighbourhood(
  cluster: Cluster,
  seeds: readonly ItemKey[],
  { asIfMarked = new Set(), closedCountedMax = PARENTS_MAX }: NeighbourhoodOptions = {},
): Promise<Neighbourhood> {
  const parents = new Map<string, FoundParent | undefined>();
  const tasks = new Map<string, TasksFound>();
  const attached = new Map<string, AttachedFound>();
  const asked = new Set(seeds.map(itemName));
  const isAsked = ({ key }: Parent) => asked.has(itemName(key));
  const isOpen = (parent: Parent) => parent.pendingDelete || asIfMarked.has(itemName(parent.key)) || isAsked(parent);
  let wave = [...asked];
  const most = asked.size + PARENTS_MAX;
  let isWhole = true;
  let closedLeft = closedCountedMax;
  while (wave.length > 0) {
    const some = wave.slice(0, most - parents.size);
    isWhole &&= some.length === wave.length;
    const found = await cluster.readParents(some.map(keyOf));
    for (const name of some) parents.set(name, found.get(name));
    const there = some.flatMap((name) => found.get(name) ?? []);

    const services = there.filter(({ key }) => kindRules(key.kind).runsTasks);
    const closed = services.filter((service) => !isOpen(service)).slice(0, closedLeft);
    closedLeft -= closed.length;
    const open = services.filter((service) => isOpen(service) && !isAsked(service));
    for (const [group, pagesMax] of [
      [services.filter(isAsked), TASK_PAGES_MAX] as const,
      [[...open, ...closed], 1] as const,
    ]) {
      for (const [id, counted] of await readTasksOf(
        cluster,
        group.map(({ key }) => key.id),
        TASKS_NAMED_MAX,
        pagesMax,
      )) {
        tasks.set(id, counted);
      }
    }
    const networks = there.filter((parent) => !kindRules(parent.key.kind).runsTasks && isOpen(parent));
    for (const [id, users] of await readAttachedTo(
      cluster,
      networks.map(({ key }) => key.id),
    )) {
      attached.set(id, users);
      isWhole &&= users.isWhole;
    }
    const next = there
      .filter(isOpen)
      .flatMap(({ key, held }) =>
        kindRules(key.kind).runsTasks
          ? held.map(itemName)
          : (attached.get(key.id)?.users ?? []).map((user) => itemName(serviceOf(user))),
      );
    // No object is in two waves, and all waves together hold at most the limit.
    wave = some.length < wave.length ? [] : [...new Set(next)].filter((name) => !parents.has(name));
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
