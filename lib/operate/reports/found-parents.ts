/** A guarded item as reports read it. */
import { NAME_PATHS, nameOf } from '../../dynamodb/descriptions.ts';
import { readable } from '../../dynamodb/item-reads.ts';
import { native, type StoredItem } from '../../dynamodb/requests.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { heldBy } from '../../lifecycle/references.ts';
import type { Parent } from '../../protocol/model.ts';
import { planned } from '../names.ts';

const UNDELETE_PATHS: readonly string[] = ['unmarkedAt', 'unmarkedBy', 'unmarkedReason'];

/** A parent, with its last undelete where no mark has followed it. */
export interface FoundParent extends Parent {
  /** What it holds by value, each once. */
  readonly held: readonly ItemKey[];
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

export const keyPaths = (plan: Plan, kind: string) => Object.keys(planned(plan, kind).key);

export function foundPaths(plan: Plan, kind: string): string[] {
  const { holds, goneWhen } = planned(plan, kind);
  return [
    ...keyPaths(plan, kind),
    ...Object.values(plan.attributes),
    ...holds.flatMap(({ paths }) => paths.map(readable)),
    ...(goneWhen === undefined ? [] : [goneWhen.at]),
    ...NAME_PATHS,
    ...UNDELETE_PATHS,
  ];
}

export function foundOf(plan: Plan, key: ItemKey, item: StoredItem): FoundParent {
  const { pendingDelete, markedAt, markedBy, markedReason, protected: shield } = plan.attributes;
  const mark = item[pendingDelete] ?? { NULL: true };
  return {
    key,
    pendingDelete: mark.BOOL === true,
    markedAt: item[markedAt]?.S,
    markedBy: item[markedBy]?.S,
    markedReason: item[markedReason]?.S,
    name: nameOf(item),
    isProtected: item[shield]?.BOOL === true,
    held: heldBy(plan, key.kind, native(item)),
    references: [],
    lists: { task: undefined, service: undefined },
    hasMalformedMark: mark.BOOL === undefined && mark.NULL === undefined,
    undeleted: undeletedOf(item),
  };
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
