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
import { type ItemKey, itemName, sameItem } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { swarmkitPlan } from '../lifecycle/swarmkits.ts';
import { type Circumstances, findHold } from './decide.ts';
import {
  checkRestOf,
  countLiving,
  highCounters,
  isMarkedItem,
  type KindWorld,
  markOf,
  parseHeldName,
  parseHolderName,
  type StoredItem,
  type Told,
  tellItem,
  tellWorld,
} from './rest.ts';
import { DEFAULT_RULES } from './rules.ts';
import { holdersOf, itemsOf, type Tables, worldOf } from './tables.ts';
import { attachmentSubject, type Promised, type Violation } from './violations.ts';

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
  /** @default SwarmKit's kinds without any choice */
  readonly plan?: Plan | undefined;
}

/** Without a grace period, any moment is as good as another. */
const UNDATED: Judgement = { rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };

/** Holds at every moment. `unprocessed`: removal records of an item's children that no function has counted yet. */
export function checkAlways(
  tables: Tables,
  unprocessed: (parent: ItemKey) => number,
  plan: Plan = swarmkitPlan(),
): Violation[] {
  const world = worldOf(plan, tables);
  return highCounters(plan, world, countLiving(plan, tellWorld(plan, world), world.attachments), unprocessed);
}

/** Holds for each single write, a raw one too, as long as only the deallocator deletes what is guarded. */
export function checkStep(before: Tables, after: Tables, judgement: Judgement = UNDATED): Violation[] {
  const { plan = swarmkitPlan() } = judgement;
  const receipted = after.receipts && new Set(newReceipts(before, after).flatMap(namesIn));
  const violations: Violation[] = [];
  for (const gone of deleted(plan, before, after)) {
    const name = itemName(gone.key);
    const hasReceipt = receipted?.delete(name) !== false;
    for (const [promise, how] of faultsOf({ gone, hasReceipt }, before, after, { ...judgement, plan })) {
      violations.push({ promise, subject: name, message: `${name} was deleted ${how}` });
    }
  }
  for (const name of receipted ?? []) {
    const message = `a receipt says that ${name} was deleted, which it was not`;
    violations.push({ promise: 'S4', subject: name, message });
  }
  return violations;
}

type Gone = Told & { readonly key: ItemKey };

function* faultsOf(
  { gone: { key, item, held }, hasReceipt }: { readonly gone: Gone; readonly hasReceipt: boolean },
  before: Tables,
  after: Tables,
  judgement: Judgement & { readonly plan: Plan },
): Generator<[Promised, string]> {
  const { plan } = judgement;
  const name = itemName(key);
  const planned = plan.kinds[key.kind] as KindPlan;
  for (const source of planned.countedBy) {
    if (source.by !== 'key') continue;
    const children = itemsOf(plan, before, source.kind).map((child) => tellItem(plan, source.kind, child));
    const left = children.filter(({ under }) => under.some((parent) => sameItem(parent, key))).length;
    if (left > 0) yield ['S1', `while ${left} of its ${plan.kinds[source.kind]?.words.plural} existed`];
  }

  const hold = findHold(markOf(plan, key, item), judgement)?.because;
  if (!isMarkedItem(plan, item)) yield ['S3', 'without a mark'];
  if (hold === 'protected') yield ['S3', 'although it was protected'];
  if (hold === 'grace period') yield ['S3', 'before its grace period was over'];
  if (after.counters?.some(({ id }) => id === name)) yield ['S6', 'without its counter'];
  if (!hasReceipt) yield ['S6', 'without a receipt'];

  for (const holder of holdersOf(plan, after)) {
    if (holder.held.some((one) => sameItem(one, key))) yield ['S2', `while ${itemName(holder.key)} used it`];
  }
  const detached = held.slice(0, planned.heldMax).map(itemName);
  for (const attachment of worldOf(plan, after).attachments) {
    const { held: heldName, holder } = attachment;
    if (holder === name && detached.includes(heldName)) yield ['S6', `without its attachment to ${heldName}`];
    if (heldName === name) yield ['S6', `without its attachment of ${holder}`];
  }
}

/** Holds once every record has been delivered and every function has returned. */
export function checkRest(tables: Tables, judgement: Judgement = UNDATED): Violation[] {
  const { plan = swarmkitPlan() } = judgement;
  const world = worldOf(plan, tables);
  const found = checkRestOf(plan, world, judgement);
  return [
    ...found.map(({ promise, subject, message }) => ({ promise, subject, message })),
    ...nobodysAttachments(plan, world),
  ];
}

/** By names of nothing that is held or holds: an audit tells of them in words of their own. */
function nobodysAttachments(plan: Plan, { attachments }: KindWorld): Violation[] {
  return attachments.flatMap(({ held, holder }): Violation[] => {
    if (parseHeldName(plan, held) !== undefined && parseHolderName(plan, holder) !== undefined) return [];
    const message = `an attachment to ${held} is left of ${holder}, which does not refer to it`;
    return [{ promise: 'S4', subject: attachmentSubject(held, holder), message }];
  });
}

/** The guarded items that the one has and the other has not. */
function deleted(plan: Plan, before: Tables, after: Tables): Gone[] {
  return plan.sweep.flatMap((kind) => {
    const [was, is] = [itemsOf(plan, before, kind), itemsOf(plan, after, kind)];
    if (was === is) return [];
    const keyed = (items: readonly StoredItem[]) =>
      items.map((item) => tellItem(plan, kind, item)).filter((told): told is Gone => told.key !== undefined);
    const left = new Set(keyed(is).map(({ key }) => key.id));
    return keyed(was).filter(({ key }) => !left.has(key.id));
  });
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
