/**
 * What an image of an item says that matters: its mark, what it names, and whether it has ended. Nothing else of it is looked at:
 * the rest is the user's, and may be large.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { StoredItem } from '../dynamodb/requests.ts';
import type { Path } from '../lifecycle/declaration.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { heldBy, isGone } from '../lifecycle/references.ts';

export interface Image {
  readonly pendingDelete: boolean;
  /** A `pendingDelete` that is neither BOOL nor NULL: probably a mistake. */
  readonly malformedMark: string | undefined;
  readonly markedAt: string | undefined;
  readonly isProtected: boolean;
  /** What it names, whether it keeps that still or has ended. */
  readonly names: readonly ItemKey[];
  /** Whether it keeps nothing any more, though it is there. */
  readonly isGone: boolean;
}

/** Characters of a mark that a log line shows. */
const SHOWN_CHARACTERS_MAX = 100;

/** Whether keys alone are too little to tell what a record of the kind means. */
export function needsImages(plan: Plan, kind: string): boolean {
  const { isGuarded, holds, goneWhen } = plan.kinds[kind] as Plan['kinds'][string];
  return isGuarded || holds.length > 0 || goneWhen !== undefined;
}

/** @param keys the item's own key */
export function imageReader(
  plan: Plan,
  kind: string,
): (keys: Readonly<Record<string, string>>, image: StoredItem) => Image {
  const planned = plan.kinds[kind] as Plan['kinds'][string];
  const { attributes } = plan;
  const references = stepsOf(planned.holds.flatMap(({ paths }) => paths));
  const ends = stepsOf(planned.goneWhen === undefined ? [] : [planned.goneWhen.at]);
  return (keys, image) => ({
    // Only a BOOL counts as a mark or a protection, and only a text as a time.
    pendingDelete: planned.isGuarded && image[attributes.pendingDelete]?.BOOL === true,
    malformedMark: planned.isGuarded ? malformedMarkOf(image[attributes.pendingDelete]) : undefined,
    markedAt: planned.isGuarded ? image[attributes.markedAt]?.S : undefined,
    isProtected: planned.isGuarded && image[attributes.protected]?.BOOL === true,
    names: heldBy(plan, kind, { ...picked({ M: image }, references), ...keys }),
    isGone: isGone(planned, picked({ M: image }, ends)),
  });
}

/** Its type, and its value if that is a text: to print a deep value could overflow the stack. */
function malformedMarkOf(pendingDelete: AttributeValue | null | undefined): string | undefined {
  const [type, value]: unknown[] = Object.entries(pendingDelete ?? {})[0] ?? [];
  if (type === undefined || type === 'BOOL' || type === 'NULL') return undefined;
  return `${type} ${typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX)) : '…'}`;
}

type Steps = readonly string[];

function stepsOf(paths: readonly Path[]): readonly Steps[] {
  return paths.map((path) => path.split(/\.|(?=\[\])/));
}

/** The item with nothing in it but what is at these paths. */
function picked(item: AttributeValue.MMember, ways: readonly Steps[]): Readonly<Record<string, unknown>> {
  return valueAt(item, ways) as Readonly<Record<string, unknown>>;
}

/** A text as it is. Anything else at the end of a path is no name, but is there: the SDK would throw at some of it. */
function valueAt(value: AttributeValue | null, ways: readonly Steps[]): unknown {
  if (value?.M != null) {
    const { M } = value;
    const names = new Set(ways.flatMap(([first]) => first ?? []));
    return Object.fromEntries(
      [...names]
        .filter((name) => Object.hasOwn(M, name))
        .map((name) => [name, valueAt(M[name] as AttributeValue, behind(ways, name))]),
    );
  }
  if (value?.L != null) return value.L.map((entry) => valueAt(entry, behind(ways, '[]')));
  return value?.S ?? value?.SS ?? (value == null || value.NULL === true ? null : false);
}

function behind(ways: readonly Steps[], step: string): readonly Steps[] {
  return ways.filter(([first]) => first === step).map(([, ...rest]) => rest);
}
