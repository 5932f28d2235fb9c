/** What all tables hold at one moment, and what their items say of each other. */
import { keyOfItem, parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { liesUnder } from '../lifecycle/parents.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { heldBy, isGone } from '../lifecycle/references.ts';

/** An item as it is stored. It is never changed in place: what is once read out of it is known. */
export type StoredItem = Readonly<Record<string, unknown>>;

/** The items of each table, by the plan's names of the tables. Where there are no receipts, none are kept. */
export type Tables = Readonly<Record<string, readonly StoredItem[] | undefined>>;

interface Facts {
  /** Undefined for what is no item of its kind. */
  readonly key: ItemKey | undefined;
  /** The names of what it lies under, or of what an attachment holds. */
  readonly parents: readonly string[];
  readonly held: readonly ItemKey[];
  readonly isGone: boolean;
}

const FACTS = new WeakMap<Plan, WeakMap<StoredItem, Facts>>();

export function plannedKind(plan: Plan, kind: string): KindPlan {
  return plan.kinds[kind] as KindPlan;
}

/** All items in the kind's table. */
export function itemsOf(tables: Tables, plan: Plan, kind: string): readonly StoredItem[] {
  return tables[plannedKind(plan, kind).table] ?? [];
}

export function factsOf(plan: Plan, kind: string, item: StoredItem): Facts {
  return remembered(plan, item, () => ({
    key: keyOfItem(plan, kind, item),
    parents: liesUnder(plan, kind, item).map(itemName),
    held: heldBy(plan, kind, item),
    isGone: isGone(plannedKind(plan, kind), item),
  }));
}

function heldByAttachment(plan: Plan, attachment: StoredItem): readonly string[] {
  return remembered(plan, attachment, () => {
    const name = String(attachment.held);
    const held = parseItemName(plan, name);
    const isHeld = held !== undefined && plannedKind(plan, held.kind).countedBy.some(({ by }) => by === 'attachments');
    return { key: undefined, parents: isHeld ? [name] : [], held: [], isGone: false };
  }).parents;
}

function remembered(plan: Plan, item: StoredItem, read: () => Facts): Facts {
  const known = FACTS.get(plan) ?? new WeakMap<StoredItem, Facts>();
  FACTS.set(plan, known);
  const facts = known.get(item) ?? read();
  known.set(item, facts);
  return facts;
}

/** The number of what keeps each item, by its name. */
export function countChildren(tables: Tables, plan: Plan): Map<string, number> {
  const living = new Map<string, number>();
  const add = (name: string) => living.set(name, (living.get(name) ?? 0) + 1);
  for (const [kind, { under }] of Object.entries(plan.kinds)) {
    if (under.length === 0) continue;
    for (const item of itemsOf(tables, plan, kind)) {
      const { parents, isGone: hasEnded } = factsOf(plan, kind, item);
      if (!hasEnded) for (const name of parents) add(name);
    }
  }
  for (const attachment of tables.attachments ?? []) for (const name of heldByAttachment(plan, attachment)) add(name);
  return living;
}

/** Each item of a kind that holds anything, with what it holds. */
export function holdersOf(tables: Tables, plan: Plan): { readonly key: ItemKey; readonly held: readonly ItemKey[] }[] {
  return Object.entries(plan.kinds).flatMap(([kind, { holds }]) =>
    holds.length === 0
      ? []
      : itemsOf(tables, plan, kind).flatMap((item) => {
          const { key, held } = factsOf(plan, kind, item);
          return key === undefined ? [] : [{ key, held }];
        }),
  );
}

/** The key of an item in its table, as one text. */
export function keyText({ key }: Pick<KindPlan, 'key'>, item: StoredItem): string {
  return Object.keys(key)
    .map((attribute) => String(item[attribute]))
    .join('#');
}
