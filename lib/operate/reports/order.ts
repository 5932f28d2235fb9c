/** How objects of a lifecycle depend on each other, and the order that follows. */
import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { keyOver } from '../../lifecycle/told.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { keyNamed, planned } from '../names.ts';
import type { FoundParent } from './found-parents.ts';

const orders = new WeakMap<Plan, ReadonlyMap<string, number>>();

/**
 * What depends on others before these, each kind by id: services before networks. In this order a removal marks, since then what a
 * thing's users are is decided before it; and what goes frees only what comes after it.
 */
export function inOrderOf(plan: Plan): (a: ItemKey, b: ItemKey) => number {
  const places = placesIn(plan);
  return (a, b) => {
    const [first, second] = [itemName(a), itemName(b)];
    if (a.kind !== b.kind) return (places.get(a.kind) ?? 0) - (places.get(b.kind) ?? 0);
    return first < second ? -1 : first > second ? 1 : 0;
  };
}

/** The place of each guarded kind in that order. */
export function placesIn(plan: Plan): ReadonlyMap<string, number> {
  const places = orders.get(plan) ?? placesOf(plan);
  orders.set(plan, places);
  return places;
}

/** Kinds form no ring, but that one may depend on itself. */
function placesOf(plan: Plan): Map<string, number> {
  const places = new Map<string, number>();
  const place = (kind: string) => {
    if (places.has(kind)) return;
    for (const other of plan.sweep) if (other !== kind && planned(plan, other).fencedBy.includes(kind)) place(other);
    if (!places.has(kind)) places.set(kind, places.size);
  };
  for (const kind of plan.sweep) place(kind);
  return places;
}

/** The guarded item of that name. `InvalidArgument` for another name, as in a plan that a caller has written. */
export function keyOf(plan: Plan, name: string): ItemKey {
  const key = keyNamed(plan, name);
  if (key !== undefined && planned(plan, key.kind).isGuarded) return key;
  throw new DeallocatorError('InvalidArgument', `"${name}" names no object; it must be such as ${plan.sweep[0]}#web`);
}

/** What it depends on: what it holds, and what it lies under by its key. */
export function dependsOn(plan: Plan, { key, held }: Pick<FoundParent, 'key' | 'held'>): readonly ItemKey[] {
  return [...held, ...planned(plan, key.kind).under.map(({ kind }) => keyOver(plan, key, kind))];
}

export function isUserOf(plan: Plan, user: Pick<FoundParent, 'key' | 'held'>, other: ItemKey): boolean {
  return dependsOn(plan, user).some((one) => sameItem(one, other));
}
