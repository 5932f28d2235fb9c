/** Items that wait for each other for ever: only a kind that depends on itself by values can have such rings. */
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';

/** What is marked, and for which it waits: all of them are marked too, and none of them is a leaf. */
export interface RingMember {
  readonly key: ItemKey;
  /** Names of those that keep it. */
  readonly children: readonly string[];
}

/** Such items that one survey holds, with the names of what keeps them: some tens of megabytes. */
export const RING_MEMBERS_MAX = 100_000;

/** Whether items of the lifecycle can form a ring at all: rings of kinds are refused, but a kind may depend on itself. */
export function canFormRings({ kinds }: Plan): boolean {
  return Object.keys(kinds).some((kind) => kinds[kind]?.holds.some((held) => held.kind === kind));
}

/**
 * The rings, and what waits for them: of the members, those that have no child left among them are taken away, again and again. In the
 * order in which they are given.
 */
export function findRings(plan: Plan, members: readonly RingMember[]): ItemKey[] {
  if (!canFormRings(plan)) return [];
  const parents = new Map<string, string[]>();
  const left = new Map<string, number>();
  const names = new Set(members.map(({ key }) => itemName(key)));
  for (const { key, children } of members) {
    const own = children.filter((child) => names.has(child));
    left.set(itemName(key), own.length);
    for (const child of own) parents.set(child, [...(parents.get(child) ?? []), itemName(key)]);
  }
  const free = [...left].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    names.delete(name);
    for (const parent of parents.get(name) ?? []) {
      const count = (left.get(parent) ?? 0) - 1;
      left.set(parent, count);
      if (count === 0) free.push(parent);
    }
  }
  return members.flatMap(({ key }) => (names.has(itemName(key)) ? [key] : []));
}
