/** What an item says of others: which things it holds, and whether it keeps them still. */
import type { Path } from './declaration.ts';
import { keyOfItem, keyWith, partsOfKey, problemOf } from './ids.ts';
import { type ItemKey, itemName } from './keys.ts';
import type { Held, KindPlan } from './kind-plan.ts';
import type { Plan } from './plan.ts';
import { readWith } from './templates.ts';

type Item = Readonly<Record<string, unknown>>;

/**
 * What the item holds by value, each once, in the order of the declaration. A value that can't be an id is passed over: no item can
 * have it, so none can wait for it. An item that is gone by its state, or that is none of the kind, holds nothing.
 */
export function heldBy<N extends string>(plan: Plan<N>, kind: N, item: Item): ItemKey<N>[] {
  return isGone(plan.kinds[kind], item) ? [] : namedBy(plan, kind, item);
}

/** The same, whether the item is gone by its state or not: what it may be attached to. */
export function namedBy<N extends string>(plan: Plan<N>, kind: N, item: Item): ItemKey<N>[] {
  const planned = plan.kinds[kind];
  const key = keyOfItem(plan, kind, item);
  if (key === undefined) return [];
  const own = partsOfKey(plan, key);
  const all = planned.holds.flatMap((held) =>
    valuesOf(held, item).flatMap((value): ItemKey<N>[] => {
      const named = typeof value === 'string' ? readWith(held.as, value) : undefined;
      if (named === undefined) return [];
      const { parts } = plan.kinds[held.kind];
      const whole = Object.fromEntries(parts.map((part) => [part, named[part] ?? (own[part] as string)]));
      return problemOf(plan, held.kind, whole) === undefined ? [keyWith(plan, held.kind, whole)] : [];
    }),
  );
  return [...new Map(all.map((one) => [itemName(one), one])).values()];
}

/** Whether an item keeps nothing any more, though it is there. */
export function isGone({ goneWhen }: Pick<KindPlan, 'goneWhen'>, item: Item): boolean {
  if (goneWhen === undefined) return false;
  const [state] = valuesAt(goneWhen.at, item);
  return typeof state === 'string' && goneWhen.isOneOf.includes(state);
}

export function valuesOf({ paths, isFirstOnly }: Held, item: Item): unknown[] {
  const all = paths.map((path) => valuesAt(path, item));
  return isFirstOnly ? (all.find((values) => values.length > 0) ?? []) : all.flat();
}

/** What is at a path. An entry of a list counts even where it lacks the name behind it: something is there. */
function valuesAt(path: Path, item: Item): unknown[] {
  const steps = path.split(/\.|(?=\[\])/);
  const found = steps.reduce<unknown[]>(
    (values, step) => values.flatMap((value) => (step === '[]' ? entriesOf(value) : [attributeOf(value, step)])),
    [item],
  );
  return path.includes('[]') ? found : found.filter((value) => value !== undefined && value !== null);
}

function entriesOf(value: unknown): unknown[] {
  // A set of texts is read as one.
  return Array.isArray(value) ? value : value instanceof Set ? [...value] : [];
}

/** An attribute of an object's own, and nothing that it inherits. */
function attributeOf(map: unknown, name: string): unknown {
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map);
  return isMap && Object.hasOwn(map, name) ? (map as Item)[name] : undefined;
}
