/** What keeps an object and is deleted plainly: under its key, or attached to it with no guarded item to go with. */
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { ownId } from '../../lifecycle/told.ts';
import { groupBy } from '../../protocol/parallel.ts';
import { guardedOf, naturally } from '../names.ts';
import type { Neighbourhood } from './neighbourhood.ts';

/** Of one kind. */
export interface Leaves {
  readonly kind: string;
  readonly count: number;
  /** Whether all were counted. */
  readonly isExact: boolean;
  /** The first ones by id. */
  readonly ids: readonly string[];
}

/** Kinds of which there are none are left out. */
export function leavesOf({ plan, children, users }: Neighbourhood, key: ItemKey): Leaves[] {
  const under = children.get(itemName(key)) ?? [];
  const { users: all, isWhole: isExact } = users.get(itemName(key)) ?? { users: [], isWhole: true };
  const attached = all.filter((user) => guardedOf(plan, user) === undefined);
  return [
    ...under.map(({ named, ...counted }) => ({ ...counted, ids: named.map(({ id }) => id) })),
    ...[...groupBy(attached, ({ kind }) => kind)].map(([kind, some]) => ({
      kind,
      count: some.length,
      isExact,
      ids: some.map((user) => ownId(plan, user)).sort(naturally),
    })),
  ].filter(({ count, isExact: isAll }) => count > 0 || !isAll);
}
