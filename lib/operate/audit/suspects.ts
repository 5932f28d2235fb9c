/**
 * What looks wrong in a world. The promises themselves are checked by the protocol; here each violation gets the ids that it is
 * about, and items that are odd by themselves are added.
 */

import { isCounter } from '../../dynamodb/items.ts';
import { isOwnItem } from '../../dynamodb/schema.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { readWith } from '../../lifecycle/templates.ts';
import { shown } from '../../protocol/arguments.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { groupBy } from '../../protocol/parallel.ts';
import { checkRestOf, countLiving, type Told, tellWorld } from '../../protocol/rest.ts';
import { attachmentSubject } from '../../protocol/violations.ts';
import { type Suspect, suspectKey } from './findings.ts';
import { PROBLEMS, type Problem, problemOf, type Seen } from './problems.ts';
import { findRings, type RingMember } from './rings.ts';
import { type About, type Attachment, type AuditedCounter, type AuditedWorld, aboutOf, keysIn } from './world.ts';

type Found = Omit<Suspect, 'promise' | 'evidence'>;

const ROWS = Object.entries(PROBLEMS) as [Problem, (typeof PROBLEMS)[Problem]][];

/** Each once. */
export function findSuspects(plan: Plan, world: AuditedWorld, circumstances: Circumstances): Suspect[] {
  const counters = world.counters.filter(({ id }) => !isOwnItem(id));
  // An unreadable counter is there, and can't be too high: what is wrong with it has a row of its own.
  const plain = counters.map(({ id, remaining, epoch }) => ({
    id,
    remaining: isCounter({ remaining, epoch }) ? (remaining as number) : Number.NEGATIVE_INFINITY,
  }));
  const told = tellWorld(plan, world);
  const see = seeing(plan, { ...world, counters }, told);
  const violations = groupBy(checkRestOf(plan, { ...world, counters: plain }, circumstances), (one) =>
    JSON.stringify([one.promise, one.subject]),
  );
  const found = [
    ...[...violations.values()].flat().map((violation): Found => {
      const { subject, message, item, other } = violation;
      return {
        problem: problemOf(violation),
        subject,
        message,
        about: aboutOf(plan, { item, ...(other && { other }) }),
      };
    }),
    ...told.flatMap((one) => oddItem(plan, one)),
    ...world.attachments.flatMap((one) => oddAttachments(plan, one)),
    ...counters.flatMap((one) => oddCounters(plan, one)),
    ...ringsOf(plan, findRings(plan, ringMembers(plan, told))),
  ];
  const unique = new Map(found.map((one) => [suspectKey(one), one]));
  return [...unique.values()].map((one) => {
    const { problem, ...rest } = one;
    const { promise, evidence } = PROBLEMS[problem];
    return { problem, ...(promise && { promise }), ...rest, evidence: evidence?.(see(one)) ?? {} };
  });
}

/** What is odd about an item by itself. */
export function oddItem(plan: Plan, one: Told): Found[] {
  const { key } = one;
  if (key === undefined) return unprotected(plan, one);
  const { isGuarded = false, holds = [] } = plan.kinds[key.kind] ?? {};
  const subject = itemName(key);
  return ROWS.flatMap(([problem, { oddGuarded, oddHolder }]): Found[] => {
    const odd = (isGuarded && oddGuarded?.(one, plan)) || (holds.length > 0 && oddHolder?.(one, key, plan));
    return odd ? [{ problem, subject, about: aboutOf(plan, { item: key }), message: `${subject} ${odd}` }] : [];
  });
}

/** An item that can be none of its kind, in a table where every item ought to be, or with a key that is too long for a name. */
function unprotected(plan: Plan, { kind, item }: Told): Found[] {
  const { table, isGuarded, holds, key } = plan.kinds[kind] as KindPlan;
  if (!(isGuarded || holds.length > 0) || isOfNoKind(plan, kind, item)) return [];
  const own = Object.fromEntries(Object.keys(key).map((attribute) => [attribute, String(item[attribute])]));
  const subject = `${kind}#${Object.values(own).join('#')}`;
  const message = `${table} has an item of the key ${shown(own)}, which makes no name that counters and attachments could have: nothing protects it`;
  return [{ problem: 'unprotected item', subject, about: { table, key: own }, message }];
}

/** Whether its key is not that of the kind at all: a table that was brought along may hold others. */
export function isOfNoKind(plan: Plan, kind: string, item: Told['item']): boolean {
  const { key } = plan.kinds[kind] as KindPlan;
  return Object.entries(key).some(([attribute, template]) => {
    const text = item[attribute];
    return typeof text !== 'string' || readWith(template, text) === undefined;
  });
}

export function oddAttachments(plan: Plan, attachment: Attachment): Found[] {
  const { held, holder } = attachment;
  const subject = attachmentSubject(held, holder);
  return ROWS.flatMap(([problem, { oddAttachment }]) => {
    const message = oddAttachment?.(attachment, plan);
    return message ? [{ problem, subject, about: { held, holder }, message }] : [];
  });
}

export function oddCounters(plan: Plan, counter: AuditedCounter): Found[] {
  const { id } = counter;
  return ROWS.flatMap(([problem, { oddCounter }]) => {
    const message = oddCounter?.(counter, plan);
    return message ? [{ problem, subject: id, about: { counter: id }, message }] : [];
  });
}

/** Of a whole world: what is marked and waits for nothing but what is marked. */
function ringMembers(plan: Plan, told: readonly Told[]): RingMember[] {
  const children = new Map<string, Set<string>>();
  const isFree = new Set<string>();
  const marked = (one: Told) =>
    one.key !== undefined && plan.kinds[one.key.kind]?.isGuarded && one.item[plan.attributes.pendingDelete] === true;
  for (const one of told) {
    for (const parent of [...one.under, ...one.held].map(itemName)) {
      if (!marked(one)) isFree.add(parent);
      else children.set(parent, (children.get(parent) ?? new Set()).add(itemName(one.key as ItemKey)));
    }
  }
  return told.flatMap((one) => {
    const name = one.key && itemName(one.key);
    if (name === undefined || !marked(one) || isFree.has(name)) return [];
    return [{ key: one.key as ItemKey, children: [...(children.get(name) ?? [])] }];
  });
}

export function ringsOf(plan: Plan, keys: readonly ItemKey[]): Found[] {
  return keys.map((item) => ({
    problem: 'ring',
    subject: itemName(item),
    about: aboutOf(plan, { item }),
    message: `${itemName(item)} is marked and waits in a ring: each of its items keeps another one, or it waits for such a ring, so that none of them ever goes`,
  }));
}

/** What is seen of a suspicion. */
function seeing(plan: Plan, world: AuditedWorld, told: readonly Told[]) {
  const items = new Map(told.flatMap((one) => (one.key === undefined ? [] : [[itemName(one.key), one] as const])));
  const counters = new Map(world.counters.map((counter) => [counter.id, counter]));
  const children = world.living ?? countLiving(plan, told, world.attachments);
  return ({ subject, about }: { readonly subject: string; readonly about: About }): Seen => {
    const { item } = keysIn(plan, about);
    const holder = item && items.get(itemName(item));
    const isOfOneKind = plan.kinds[item?.kind ?? '']?.holds.length === 1;
    return {
      plan,
      item: items.get(subject),
      counter: counters.get(about.counter ?? subject),
      children: children.get(about.counter ?? subject) ?? 0,
      references: holder?.key === undefined ? null : holder.held.map((one) => (isOfOneKind ? one.id : itemName(one))),
    };
  };
}
