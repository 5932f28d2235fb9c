/** What an item lies under, read out of its own key. */
import { keyWith, problemOf } from './ids.ts';
import type { ItemKey } from './keys.ts';
import type { Count } from './kind-plan.ts';
import type { Plan } from './plan.ts';
import { type Parts, readWith } from './templates.ts';
import type { UnderKey } from './under-key.ts';

type Item = Readonly<Record<string, unknown>>;

/**
 * The items that this one lies under: each whose query counts it. Also of an item that is none of the kind, since the query counts
 * it all the same.
 *
 * @param item its key is enough
 */
export function liesUnder<N extends string>(plan: Plan<N>, kind: N, item: Item): ItemKey<N>[] {
  return plan.kinds[kind].under.flatMap(({ kind: other }): ItemKey<N>[] => {
    const count = plan.kinds[other].countedBy.find((one) => isOf(one, kind));
    const parts = count && partsIn(count, item);
    if (parts === undefined || plan.kinds[other].parts.some((part) => parts[part] === undefined)) return [];
    return problemOf(plan, other, parts) === undefined ? [keyWith(plan, other, parts)] : [];
  });
}

function isOf<N extends string>(count: Count<N>, kind: N): count is Extract<Count<N>, { readonly by: 'key' }> {
  return count.by === 'key' && count.kind === kind;
}

/** With which parts the query finds the item; undefined where with none. */
function partsIn({ partition, sort }: UnderKey, item: Item): Parts | undefined {
  const inPartition = read(partition.of, item[partition.attribute]);
  const value = sort && item[sort.attribute];
  const inSort =
    sort === undefined
      ? {}
      : (read(sort.equals ?? sort.beginsWith, value) ??
        (sort.beginsWith === undefined ? undefined : read(`${sort.beginsWith}\${}`, value)));
  if (inPartition === undefined || inSort === undefined) return undefined;
  const isOneItem = Object.entries(inSort).every(([part, text]) => (inPartition[part] ?? text) === text);
  return isOneItem ? { ...inSort, ...inPartition } : undefined;
}

function read(template: string, value: unknown): Parts | undefined {
  return typeof value === 'string' ? readWith(template, value) : undefined;
}
