/** A small world of any kinds: which items may be there, what they may hold, and what has been there long ago. */
import { keyWith } from '../../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { liesUnder } from '../../../lib/lifecycle/parents.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { heldBy } from '../../../lib/lifecycle/references.ts';
import { sampleItem } from '../../../lib/lifecycle/sample-items.ts';
import type { Item, MemoryTables } from '../../../lib/testing/memory/tables.ts';
import type { Dials } from '../dials.ts';

export interface KindsCast {
  readonly plan: Plan;
  /** All items that there may be, by kind; what others depend on comes first. */
  readonly keys: ReadonlyMap<string, readonly ItemKey[]>;
  readonly raw: boolean;
  readonly protects: boolean;
  readonly rings: boolean;
}

/** Values of one part of an id, and items of one kind: few, so that the same ones meet often. */
const VALUES = ['a', 'b', 'c'];
const ITEMS_OF_A_KIND_MAX = 4;
const THERE = 0.7;
const MARKED = 0.5;
const HOLDS = 0.6;

export function drawKindsCast(
  plan: Plan,
  draw: () => number,
  { raw, crowded, protects = false, rings = false }: Dials,
): KindsCast {
  const values = VALUES.slice(0, 1 + Math.floor(draw() * (crowded ? 2 : VALUES.length)));
  const keys = inOrder(plan).map((kind): [string, ItemKey[]] => {
    const ids = (plan.kinds[kind]?.parts ?? []).reduce<Record<string, string>[]>(
      (all, part) => all.flatMap((parts) => values.map((value) => ({ ...parts, [part]: value }))),
      [{}],
    );
    return [kind, ids.slice(0, ITEMS_OF_A_KIND_MAX).map((parts) => keyWith(plan, kind, parts))];
  });
  return { plan, keys: new Map(keys), raw, protects, rings };
}

/** The kinds, each behind what it depends on. A kind may depend on itself. */
function inOrder({ kinds }: Plan): string[] {
  const sorted: string[] = [];
  const add = (kind: string) => {
    if (sorted.includes(kind)) return;
    const { under = [], holds = [] } = kinds[kind] ?? {};
    for (const { kind: other } of [...under, ...holds]) if (other !== kind) add(other);
    sorted.push(kind);
  };
  for (const kind of Object.keys(kinds)) add(kind);
  return sorted;
}

/** Some of what the item may hold. Of its own kind only those before it, unless there may be rings (docs/design.md §4.5 R77). */
export function drawHeld({ plan, keys, rings }: KindsCast, key: ItemKey, draw: () => number): readonly ItemKey[] {
  const place = keys.get(key.kind)?.findIndex(({ id }) => id === key.id) ?? 0;
  const held: ItemKey[] = [];
  for (const { kind } of plan.kinds[key.kind]?.holds ?? []) {
    const others = keys.get(kind)?.filter((_, one) => kind !== key.kind || one < place || (rings && one > place));
    for (const one of others ?? []) {
      // Not every attribute has room for several.
      if (draw() < HOLDS && sampleItem(plan, key, [...held, one]) !== undefined) held.push(one);
    }
  }
  return held;
}

export function itemOf(plan: Plan, key: ItemKey, held: readonly ItemKey[]): Item {
  const item = sampleItem(plan, key, held);
  if (item === undefined) throw new Error(`${itemName(key)} can't hold ${held.map(itemName).join(', ')}`);
  return item;
}

/** As writers behind the fence would have left it long ago; some has just been marked. */
export function populateKinds(tables: MemoryTables, cast: KindsCast, draw: () => number): void {
  const { plan, keys } = cast;
  const there = new Map<string, Item>();
  for (const [kind, all] of keys) {
    for (const key of all) {
      const held = drawHeld(cast, key, draw).filter((one) => there.has(itemName(one)));
      const item = itemOf(plan, key, held);
      const isFit = liesUnder(plan, kind, item).every((parent) => there.has(itemName(parent)));
      if (!isFit || draw() >= THERE) continue;
      there.set(itemName(key), item);
      tables.put(plan.kinds[kind]?.table as string, item);
      for (const one of heldBy(plan, kind, item)) {
        tables.put('attachments', { held: itemName(one), holder: itemName(key) });
      }
    }
  }
  for (const records of Object.values(tables.streams)) records.length = 0;
  const { pendingDelete, markedAt } = plan.attributes;
  for (const key of plan.sweep.flatMap((kind) => keys.get(kind) ?? [])) {
    const item = there.get(itemName(key));
    if (item === undefined || draw() >= MARKED) continue;
    const mark = { [pendingDelete]: true, [markedAt]: `2025-12-31T23:59:00.000Z#${itemName(key)}` };
    tables.put(plan.kinds[key.kind]?.table as string, { ...item, ...mark });
  }
}
