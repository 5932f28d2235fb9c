/** A guarded item as reports read it. */
import { seenItem, seenPaths } from '../../dynamodb/items.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { SeenItem } from '../../protocol/model.ts';

const UNDELETE_PATHS: readonly string[] = ['unmarkedAt', 'unmarkedBy', 'unmarkedReason'];

/** A parent, with its last undelete where no mark has followed it. */
export interface FoundParent extends SeenItem {
  /** A raw writer set a `pendingDelete` that is no mark. */
  readonly hasMalformedMark: boolean;
  /** Its last undelete; undefined where it had none, or was marked again. */
  readonly undeleted: UndeletedView | undefined;
}

/** An undelete. */
export interface UndeletedView {
  /** When the mark was taken back, ISO 8601. */
  readonly at: string;
  /** Who took it back, where that was said. */
  readonly by?: string;
  /** Why, where that was said. */
  readonly reason?: string;
}

export function foundPaths(plan: Plan, kind: string): string[] {
  return [...seenPaths(plan, kind), ...UNDELETE_PATHS];
}

export function foundOf(plan: Plan, key: ItemKey, item: StoredItem): FoundParent {
  const mark = item[plan.attributes.pendingDelete] ?? { NULL: true };
  const hasMalformedMark = mark.BOOL === undefined && mark.NULL === undefined;
  return { ...seenItem(plan, key, item), hasMalformedMark, undeleted: undeletedOf(item) };
}

function undeletedOf(item: StoredItem): FoundParent['undeleted'] {
  const { unmarkedAt, unmarkedBy, unmarkedReason } = item;
  if (unmarkedAt?.S === undefined) return undefined;
  return {
    at: unmarkedAt.S,
    ...(unmarkedBy?.S !== undefined && { by: unmarkedBy.S }),
    ...(unmarkedReason?.S !== undefined && { reason: unmarkedReason.S }),
  };
}
