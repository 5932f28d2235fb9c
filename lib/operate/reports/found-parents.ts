/** A guarded item as reports read it. */

import { attributePath } from '../../dynamodb/expressions.ts';
import { seenItem, seenPaths } from '../../dynamodb/items.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { SeenItem } from '../../protocol/model.ts';

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
  const { unmarkedAt, unmarkedBy, unmarkedReason } = plan.attributes;
  return [...seenPaths(plan, kind), ...[unmarkedAt, unmarkedBy, unmarkedReason].map(attributePath)];
}

export function foundOf(plan: Plan, key: ItemKey, item: StoredItem): FoundParent {
  const mark = item[plan.attributes.pendingDelete] ?? { NULL: true };
  const hasMalformedMark = mark.BOOL === undefined && mark.NULL === undefined;
  return { ...seenItem(plan, key, item), hasMalformedMark, undeleted: undeletedOf(plan, item) };
}

function undeletedOf({ attributes }: Plan, item: StoredItem): FoundParent['undeleted'] {
  const [at, by, reason] = [attributes.unmarkedAt, attributes.unmarkedBy, attributes.unmarkedReason].map(
    (name) => item[name]?.S,
  );
  if (at === undefined) return undefined;
  return { at, ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
}
