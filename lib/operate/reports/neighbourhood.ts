/**
 * The part of a cluster that decides what becomes of some objects: the objects, and step by step what uses, or is used by,
 * anything that is marked or about to be, to any depth. An object without a mark stays in any case, so the search ends at it.
 */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { SeenItem } from '../../protocol/model.ts';
import { guardedOf, type Names, namesOf } from '../names.ts';
import { leavesUnder, readChildrenOf, readUsersOf } from './children.ts';
import { CHILD_PAGES_MAX, type Cluster, type CounterFound } from './cluster.ts';
import type { ChildrenFound, UsersFound } from './found.ts';
import type { FoundParent } from './found-parents.ts';
import type { Deletion } from './history.ts';
import { dependsOn, keyOf } from './order.ts';

/** Guarded items of one neighbourhood, such as services and networks, beside those that were asked for. */
const PARENTS_MAX = 1000;
/** Children under a key, such as tasks, that are named for each item. */
export const CHILDREN_NAMED_MAX = 20;

/** Objects, and what decides about them. */
export interface Neighbourhood {
  /** What their kinds are. */
  readonly plan: Plan;
  /** By name, such as `service#web`. Undefined: it was read, and is not there. */
  readonly parents: ReadonlyMap<string, FoundParent | undefined>;
  /** By name: what lies under its key and is deleted plainly, such as the tasks that keep a service. */
  readonly children: ReadonlyMap<string, readonly ChildrenFound[]>;
  /** By name: what uses it, such as the services of a network. Only of what is marked or was asked for. */
  readonly users: ReadonlyMap<string, UsersFound>;
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
  /** Objects at which the search ends, beside those that were asked for, whose children are counted. @default all */
  readonly closedCountedMax?: number;
}

/** Reads it, at most 1,000 guarded items beside the `seeds`. Strongly consistent, but not of one moment. */
export async function readNeighbourhood(
  cluster: Cluster,
  seeds: readonly ItemKey[],
  { asIfMarked = new Set(), closedCountedMax = PARENTS_MAX }: NeighbourhoodOptions = {},
): Promise<Neighbourhood> {
  const { plan } = cluster;
  await cluster.readLearning();
  const parents = new Map<string, FoundParent | undefined>();
  const children = new Map<string, readonly ChildrenFound[]>();
  const users = new Map<string, UsersFound>();
  const asked = new Set(seeds.map(itemName));
  const isAsked = ({ key }: SeenItem) => asked.has(itemName(key));
  const isOpen = (parent: SeenItem) => parent.pendingDelete || asIfMarked.has(itemName(parent.key)) || isAsked(parent);
  let wave = [...asked];
  const most = asked.size + PARENTS_MAX;
  let isWhole = true;
  let closedLeft = closedCountedMax;
  while (wave.length > 0) {
    const some = wave.slice(0, most - parents.size);
    isWhole &&= some.length === wave.length;
    const found = await cluster.readParents(some.map((name) => keyOf(plan, name)));
    for (const name of some) parents.set(name, found.get(name));
    const there = some.flatMap((name) => found.get(name) ?? []);

    const counted = there.filter(({ key }) => leavesUnder(plan, key.kind).length > 0);
    const closed = counted.filter((parent) => !isOpen(parent)).slice(0, closedLeft);
    closedLeft -= closed.length;
    const open = counted.filter((parent) => isOpen(parent) && !isAsked(parent));
    for (const [group, pagesMax] of [
      [counted.filter(isAsked), CHILD_PAGES_MAX] as const,
      [[...open, ...closed], 1] as const,
    ]) {
      const keys = group.map(({ key }) => key);
      for (const [name, all] of await readChildrenOf(cluster, keys, CHILDREN_NAMED_MAX, pagesMax))
        children.set(name, all);
    }
    const openKeys = there.filter(isOpen).map(({ key }) => key);
    for (const [name, all] of await readUsersOf(cluster, openKeys)) {
      users.set(name, all);
      isWhole &&= all.isWhole;
    }
    const next = there.filter(isOpen).flatMap((parent) => {
      const { users: own = [] } = users.get(itemName(parent.key)) ?? {};
      return [...dependsOn(plan, parent), ...own.flatMap((user) => guardedOf(plan, user) ?? [])].map(itemName);
    });
    // No object is in two waves, and all waves together hold at most the limit.
    wave = some.length < wave.length ? [] : [...new Set(next)].filter((name) => !parents.has(name));
  }
  const marked = [...parents.values()].flatMap((parent) => (parent?.pendingDelete ? [parent.key] : []));
  const counters = marked.length === 0 ? new Map() : await cluster.readCounters(marked);
  return { plan, parents, children, users, counters, names: namesOf(parents.values()), isWhole };
}

/** The neighbourhood as it will be once these are marked. @param markedAt the time of the marks, ISO 8601 */
export function withMarks(part: Neighbourhood, names: ReadonlySet<string>, markedAt: string): Neighbourhood {
  const parents = [...part.parents].map(([name, parent]): [string, FoundParent | undefined] => [
    name,
    parent && names.has(name) ? { ...parent, pendingDelete: true, markedAt } : parent,
  ]);
  return { ...part, parents: new Map(parents) };
}
