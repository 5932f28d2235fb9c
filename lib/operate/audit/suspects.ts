/**
 * What looks wrong in a world. The promises themselves are checked by the protocol's `checkRest`, and nowhere else; here each
 * violation is traced to the ids that it is about, and items that are odd by themselves are added.
 */

import { isCounter } from '../../dynamodb/items.ts';
import { isOwnItem } from '../../dynamodb/schema.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { attachmentSubject, checkRest, type Violation } from '../../protocol/invariants.ts';
import { kindRules, type ParentKind, parseParentName, referredTo } from '../../protocol/model.ts';
import { groupBy } from '../../protocol/parallel.ts';
import { type Rules, swarmkitPlan } from '../../protocol/rules.ts';
import { countChildren, holdersOf } from '../../protocol/tables.ts';
import { taskName } from '../names.ts';
import { type Suspect, suspectKey } from './findings.ts';
import { PROBLEMS, type Problem, type Seen, type Source } from './problems.ts';
import {
  type About,
  type Attachment,
  type AuditedCounter,
  type AuditedParent,
  type AuditedWorld,
  pairIn,
  pairOf,
  userIn,
} from './world.ts';

type Found = Omit<Suspect, 'promise' | 'evidence'>;

const ROWS = Object.entries(PROBLEMS) as [Problem, (typeof PROBLEMS)[Problem]][];

/** Each once. An id with a `#` may bring a suspect too many, which a look of its own clears. */
export function findSuspects(world: AuditedWorld, circumstances: Circumstances): Suspect[] {
  const counters = world.counters.filter(({ id }) => !isOwnItem(id));
  // An unreadable counter is there, and can't be too high: what is wrong with it has a row of its own.
  const plain = counters.map(({ id, remaining, epoch }) => ({
    id,
    remaining: isCounter({ remaining, epoch }) ? (remaining as number) : Number.NEGATIVE_INFINITY,
  }));
  const { aboutsOf, see } = factsOf({ ...world, counters }, circumstances.rules);
  const violations = groupBy(checkRest({ ...world, counters: plain }, circumstances), ({ promise, subject }) =>
    JSON.stringify([promise, subject]),
  );
  const found = [
    ...[...violations.values()].flatMap((ofSubject) => foundIn(ofSubject, aboutsOf)),
    ...oddParents('service', world.services),
    ...oddParents('network', world.networks),
    ...world.attachments.flatMap(oddAttachments),
    ...counters.flatMap(oddCounters),
  ];
  const unique = new Map(found.map((one) => [suspectKey(one), one]));
  return [...unique.values()].map((one) => {
    const { problem, ...rest } = one;
    const { promise, evidence } = PROBLEMS[problem];
    return { problem, ...(promise && { promise }), ...rest, evidence: evidence?.(see(one)) ?? {} };
  });
}

/** Violations of one promise by one subject. As many as there are things that it is about are told of these, one each. */
function foundIn(
  violations: readonly Violation[],
  aboutsOf: (subject: string, source: Source) => readonly About[],
): Found[] {
  const [{ promise, subject } = {}] = violations;
  if (subject === undefined) return [];
  return ROWS.flatMap(([problem, row]) => {
    const abouts = row.promise === promise && row.about ? aboutsOf(subject, row.about) : [];
    const isOneEach = abouts.length === violations.length;
    return violations.flatMap(({ message }, place) =>
      (isOneEach ? abouts.slice(place, place + 1) : abouts).map(
        (about): Found => ({ problem, subject, about, message }),
      ),
    );
  });
}

/** What is odd about each by itself. */
export function oddParents(kind: ParentKind, parents: readonly AuditedParent[]): Found[] {
  const isUser = kindRules(kind).refersTo !== undefined;
  return parents.flatMap((parent) => {
    const subject = itemName({ kind, id: parent.id });
    return ROWS.flatMap(([problem, { oddParent, oddUser }]): Found[] => {
      const odd = oddParent?.(parent) || (isUser && oddUser?.(parent));
      return odd ? [{ problem, subject, about: { [kind]: parent.id }, message: `${subject} ${odd}` }] : [];
    });
  });
}

/** The same of an attachment. */
export function oddAttachments({ held, holder }: Attachment): Found[] {
  return ROWS.flatMap(([problem, row]): Found[] => {
    const message = row.oddAttachment?.({ held, holder });
    return message ? [{ problem, subject: attachmentSubject(held, holder), about: { held, holder }, message }] : [];
  });
}

/** The same of a counter. */
export function oddCounters(counter: AuditedCounter): Found[] {
  const { id } = counter;
  return ROWS.flatMap(([problem, row]): Found[] => {
    const message = row.oddCounter?.(counter);
    return message ? [{ problem, subject: id, about: { counter: id }, message }] : [];
  });
}

/** What of a world tells of a subject: the checks name it, and a finding names ids. */
function factsOf(world: AuditedWorld, rules: Rules) {
  const { services, networks, tasks, attachments } = world;
  const named = (kind: ParentKind, parents: readonly AuditedParent[]) =>
    parents.map((parent) => [itemName({ kind, id: parent.id }), parent] as const);
  const parents = new Map([...named('service', services), ...named('network', networks)]);
  const counters = new Map(world.counters.map((counter) => [counter.id, counter]));
  const plan = swarmkitPlan(rules);
  const children = countChildren({ ...world }, plan);
  const users = holdersOf({ ...world }, plan);
  const references = new Map(users.map(({ key, held }) => [itemName(key), held.map(({ id }) => id)]));
  const pairs = users.flatMap(({ key, held }) => held.map(({ id }) => pairOf(key, id)));
  const attached = attachments.map(pairIn).filter((pair) => pair !== undefined);

  const byTask = groupBy(tasks, taskName);
  const byReference = groupBy(pairs, subjectOf);
  const byAttachment = groupBy(attached, subjectOf);
  const byNetwork = groupBy(pairs, ({ network }) => itemName(referredTo(network)));
  const parent = (name: string): About[] | undefined => {
    const key = parseParentName(name);
    return key && [{ [key.kind]: key.id }];
  };
  const abouts: Record<Source, (subject: string) => readonly About[] | undefined> = {
    tasks: (name) => byTask.get(name)?.map(({ serviceId, id }) => ({ service: serviceId, task: id })),
    references: (name) => byReference.get(name),
    attachments: (name) => byAttachment.get(name),
    users: (name) => byNetwork.get(name),
    parents: parent,
    childless: (name) => (children.has(name) ? undefined : parent(name)),
    draining: (name) => (children.has(name) ? parent(name) : undefined),
  };
  const see = ({ subject, about }: Found): Seen => ({
    parent: parents.get(subject),
    counter: counters.get(about.counter ?? subject),
    children: children.get(about.counter ?? subject) ?? 0,
    references: references.get(itemName(userIn(about))) ?? null,
  });
  return { aboutsOf: (subject: string, source: Source) => abouts[source](subject) ?? [], see };
}

function subjectOf(pair: About & { readonly network: string }): string {
  return attachmentSubject(itemName(referredTo(pair.network)), itemName(userIn(pair)));
}
