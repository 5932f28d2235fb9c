/**
 * The promises of docs/design.md §5 as checks, one function a kind of moment. Tests, the demo and the audit all use these;
 * none of them has a copy.
 *
 * | promise | checked by |
 * |---|---|
 * | S1 nothing is deleted while a child under its key exists; no child of what is deleted is left | `checkStep`, `checkRest` |
 * | S2 nothing is deleted while an item holds it | `checkStep`, `checkRest` |
 * | S3 nothing that is not marked is deleted | `checkStep` |
 * | S4 at rest nothing is left over | `checkRest` |
 * | S5 a reused id is a new life | `checkStep`: a new life is not marked, so S3 holds it |
 * | S6 an item, its counter, its attachments and what goes along go together | `checkStep` |
 * | S7 a counter is never too high | `checkAlways`, `checkRest` |
 * | L1 children gone, records delivered: what they kept goes | `checkRest` |
 */
import { parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName, sameItem } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { type Circumstances, findHold } from './decide.ts';
import { DEFAULT_RULES, type Rules, swarmkitPlan } from './rules.ts';
import {
  countChildren,
  factsOf,
  holdersOf,
  itemsOf,
  keyText,
  plannedKind,
  type StoredItem,
  type Tables,
} from './tables.ts';

/** The promises, as docs/design.md §5 numbers them. */
export type Promised = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'L1' | 'L2' | 'L3' | 'L4';

/** A promise that was found broken. */
export interface Violation {
  /** Which one: `S…` what never happens, `L…` what happens in the end. */
  readonly promise: Promised;
  /** What it is about: `service#web`, `attachment#network#front#service#web`, … */
  readonly subject: string;
  /** A sentence for the person who must act. */
  readonly message: string;
}

/** An item that is marked first, as SwarmKit's are stored. */
export type StoredParent = {
  readonly id: string;
  readonly pendingDelete?: unknown;
  readonly markedAt?: unknown;
  readonly spec?: unknown;
  readonly protected?: unknown;
};

export type StoredTask = {
  readonly serviceId: string;
  readonly id: string;
  readonly status?: unknown;
  readonly networks?: unknown;
};

/** The tables of SwarmKit's kinds, at one moment. */
export type World = {
  readonly services: readonly StoredParent[];
  readonly networks: readonly StoredParent[];
  readonly tasks: readonly StoredTask[];
  readonly attachments: readonly { readonly held: string; readonly holder: string }[];
  readonly counters: readonly { readonly id: string; readonly remaining: number }[];
  /** Absent where no receipts are kept: then they are not looked at. */
  readonly receipts?: readonly StoredReceipt[];
};

export type StoredReceipt = {
  readonly id: string;
  readonly markedAt: string;
  readonly freed?: unknown;
};

/** What the tables are judged by. */
export interface Judgement extends Circumstances {
  /** @default SwarmKit's kinds, by the rules */
  readonly plan?: Plan | undefined;
}

/** Without a grace period, any moment is as good as another. */
const UNDATED: Judgement = { rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };

/** Holds at every moment. `unprocessed`: removal records of an item's children that no function has counted yet. */
export function checkAlways(
  tables: Tables,
  unprocessed: (parent: ItemKey) => number,
  rules: Rules = DEFAULT_RULES,
  plan: Plan = swarmkitPlan(rules),
): Violation[] {
  const living = countChildren(tables, plan);
  return (tables.counters ?? []).flatMap((counter) => {
    const [name, remaining] = [String(counter.id), Number(counter.remaining)];
    const parent = guardedIn(plan, name);
    if (parent === undefined) return [];
    const children = living.get(name) ?? 0;
    const removals = unprocessed(parent);
    if (remaining <= children + removals) return [];
    const message = `the counter of ${name} says ${remaining}, but only ${children} children are left and ${removals} removals are not counted yet; a sweep sets it right`;
    return [violation('S7', name, message)];
  });
}

/** Holds for each single write, a raw one too, as long as only the deallocator deletes what is guarded. */
export function checkStep(before: Tables, after: Tables, judgement: Judgement = UNDATED): Violation[] {
  const { plan = swarmkitPlan(judgement.rules) } = judgement;
  const receipted = after.receipts && new Set(newReceipts(before, after).flatMap(namesIn));
  const violations: Violation[] = [];
  for (const kind of plan.sweep) {
    for (const item of deleted(plan, kind, before, after)) {
      const { key } = factsOf(plan, kind, item);
      if (key === undefined) continue;
      const name = itemName(key);
      const hasReceipt = receipted?.delete(name) !== false;
      for (const [promise, how] of faultsOf({ key, item, hasReceipt }, before, after, { ...judgement, plan })) {
        violations.push(violation(promise, name, `${name} was deleted ${how}`));
      }
    }
  }
  for (const name of receipted ?? []) {
    violations.push(violation('S4', name, `a receipt says that ${name} was deleted, which it was not`));
  }
  return violations;
}

function* faultsOf(
  { key, item, hasReceipt }: { readonly key: ItemKey; readonly item: StoredItem; readonly hasReceipt: boolean },
  before: Tables,
  after: Tables,
  judgement: Judgement & { readonly plan: Plan },
): Generator<[Promised, string]> {
  const { plan } = judgement;
  const name = itemName(key);
  for (const source of plannedKind(plan, key.kind).countedBy) {
    if (source.by !== 'key') continue;
    const facts = itemsOf(before, plan, source.kind).map((child) => factsOf(plan, source.kind, child));
    const left = facts.filter(({ isGone, parents }) => !isGone && parents.includes(name)).length;
    if (left > 0) yield ['S1', `while ${left} of its ${plannedKind(plan, source.kind).words.plural} existed`];
  }

  const hold = holdOf(key, item, judgement);
  if (item[plan.attributes.pendingDelete] !== true) yield ['S3', 'without a mark'];
  if (hold === 'protected') yield ['S3', 'although it was protected'];
  if (hold === 'grace period') yield ['S3', 'before its grace period was over'];
  if (after.counters?.some(({ id }) => id === name)) yield ['S6', 'without its counter'];
  if (!hasReceipt) yield ['S6', 'without a receipt'];

  for (const holder of holdersOf(after, plan)) {
    if (holder.held.some((held) => sameItem(held, key))) yield ['S2', `while ${itemName(holder.key)} used it`];
  }
  const { held } = factsOf(plan, key.kind, item);
  const detached = held.slice(0, plannedKind(plan, key.kind).heldMax).map(itemName);
  for (const attachment of after.attachments ?? []) {
    const [heldName, holder] = [String(attachment.held), String(attachment.holder)];
    if (holder === name && detached.includes(heldName)) yield ['S6', `without its attachment to ${heldName}`];
    if (heldName === name) yield ['S6', `without its attachment of ${holder}`];
  }
}

/** Holds once every record has been delivered and every function has returned. */
export function checkRest(tables: Tables, judgement: Judgement = UNDATED): Violation[] {
  const { rules, plan = swarmkitPlan(rules) } = judgement;
  return [
    ...checkAlways(tables, () => 0, rules, plan),
    ...leftChildren(tables, plan),
    ...looseAttachments(tables, plan),
    ...leftCounters(tables, plan),
    ...waitingItems(tables, { ...judgement, plan }),
  ];
}

/** The guarded items that are there, by their names. */
function guardedItems(tables: Tables, plan: Plan): Map<string, { readonly key: ItemKey; readonly item: StoredItem }> {
  return new Map(
    plan.sweep.flatMap((kind) =>
      itemsOf(tables, plan, kind).flatMap((item) => {
        const { key } = factsOf(plan, kind, item);
        return key === undefined ? [] : [[itemName(key), { key, item }] as const];
      }),
    ),
  );
}

function* leftChildren(tables: Tables, plan: Plan) {
  const there = guardedItems(tables, plan);
  for (const [kind, planned] of Object.entries(plan.kinds)) {
    if (planned.under.length === 0) continue;
    for (const item of itemsOf(tables, plan, kind)) {
      const { parents, isGone } = factsOf(plan, kind, item);
      // What has ended is history, which its parent may leave behind.
      for (const parent of isGone ? [] : parents) {
        if (there.has(parent)) continue;
        const id = item[Object.keys(planned.key).at(-1) as string];
        const left = `${planned.words.singular} ${id} is left of ${parent}, which is gone`;
        yield violation('S1', `${kind}#${keyText(planned, item)}`, left);
      }
    }
  }
}

/** References without what they name or without an attachment, and attachments without a reference. */
function* looseAttachments(tables: Tables, plan: Plan) {
  const pairOf = (held: string, holder: string) => JSON.stringify([held, holder]);
  const there = guardedItems(tables, plan);
  const attachments = (tables.attachments ?? []).map(({ held, holder }) => [String(held), String(holder)] as const);
  const attached = new Set(attachments.map(([held, holder]) => pairOf(held, holder)));
  const referred = new Set<string>();
  for (const { key, held: all } of holdersOf(tables, plan)) {
    for (const held of all.map(itemName)) {
      const holder = itemName(key);
      const uses = `${holder} refers to ${held}`;
      referred.add(pairOf(held, holder));
      if (!there.has(held)) yield violation('S2', held, `${uses}, which is not there`);
      if (attached.has(pairOf(held, holder))) continue;
      const unprotected = `${uses} without an attachment, so nothing protects it`;
      yield violation('S2', attachmentSubject(held, holder), unprotected);
    }
  }
  for (const [held, holder] of attachments) {
    if (referred.has(pairOf(held, holder))) continue;
    const left = `an attachment to ${held} is left of ${holder}, which does not refer to it`;
    yield violation('S4', attachmentSubject(held, holder), left);
  }
}

function* leftCounters(tables: Tables, plan: Plan) {
  const there = guardedItems(tables, plan);
  for (const { id } of tables.counters ?? []) {
    const name = String(id);
    const item = there.get(name)?.item;
    if (guardedIn(plan, name) === undefined || item?.[plan.attributes.pendingDelete] === true) continue;
    const state = item === undefined ? 'gone' : 'not marked';
    yield violation('S4', name, `a counter is left of ${name}, which is ${state}; a sweep removes it`);
  }
}

/** Marked items that should have gone, or that nothing will wake. */
function* waitingItems(tables: Tables, judgement: Judgement & { readonly plan: Plan }) {
  const { plan } = judgement;
  const living = countChildren(tables, plan);
  const counters = new Set((tables.counters ?? []).map(({ id }) => id));
  for (const [name, { key, item }] of guardedItems(tables, plan)) {
    if (item[plan.attributes.pendingDelete] !== true) continue;
    if (living.has(name)) {
      if (counters.has(name)) continue;
      yield violation('L1', name, `${name} is marked and drains, but has no counter to wake it; a sweep opens one`);
    } else if (holdOf(key, item, judgement) === undefined) {
      yield violation('L1', name, `${name} is marked and has no children left, but is still there`);
    }
  }
}

function violation(promise: Promised, subject: string, message: string): Violation {
  return { promise, subject, message };
}

/** What a violation about an attachment, or about a missing one, calls it. */
export function attachmentSubject(held: string, holder: string): string {
  return `attachment#${held}#${holder}`;
}

/** The guarded item of that name; undefined for the name of anything else. */
function guardedIn(plan: Plan, name: string): ItemKey | undefined {
  const key = parseItemName(plan, name);
  return key !== undefined && plannedKind(plan, key.kind).isGuarded ? key : undefined;
}

function deleted(plan: Plan, kind: string, before: Tables, after: Tables): readonly StoredItem[] {
  const [was, is] = [itemsOf(before, plan, kind), itemsOf(after, plan, kind)];
  if (was === is) return [];
  const planned = plannedKind(plan, kind);
  const left = new Set(is.map((item) => keyText(planned, item)));
  return was.filter((item) => !left.has(keyText(planned, item)));
}

function holdOf(key: ItemKey, item: StoredItem, judgement: Judgement & { readonly plan: Plan }) {
  const { attributes } = judgement.plan;
  const markedAt = item[attributes.markedAt];
  const isProtected = item[attributes.protected] === true;
  return findHold({ key, markedAt: typeof markedAt === 'string' ? markedAt : '', isProtected }, judgement)?.because;
}

function newReceipts(before: Tables, after: Tables): readonly StoredItem[] {
  const keyOf = ({ id, markedAt }: StoredItem) => JSON.stringify([id, markedAt]);
  const known = new Set(before.receipts?.map(keyOf));
  return (after.receipts ?? []).filter((receipt) => !known.has(keyOf(receipt)));
}

/** Everything that a receipt says has gone. */
function namesIn({ id, freed }: StoredItem): string[] {
  return [String(id), ...((freed ?? []) as { id: string }[]).map((held) => held.id)];
}
