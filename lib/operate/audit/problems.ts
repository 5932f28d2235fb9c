/** What an audit can find wrong, each problem in a row: the promise that it breaks, what it is about, and what mends it. */

import { isCounter } from '../../dynamodb/items.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { told } from '../../lifecycle/told.ts';
import { shown } from '../../protocol/arguments.ts';
import {
  parseGuardedName,
  parseHeldName,
  parseHolderName,
  type RestViolation,
  type Told,
} from '../../protocol/rest.ts';
import type { Promised } from '../../protocol/violations.ts';
import { createAgain, heldWords, placesIn, wrongReferences } from './references.ts';
import { type About, type Attachment, type AuditedCounter, type Keys, keysIn } from './world.ts';

/** What a step that only an administrator may take ends with. */
const BREAK_GLASS = '(docs/break-glass.md says how)';

/** What was seen, and what must be seen again for it to be the same finding. */
export type Evidence = Readonly<Record<string, string | number | null | readonly string[]>>;

/** `by: sweep`: {@link repair} mends it, by the sweep function. `by: person`: only a person may, or can know how. */
export type Mending =
  | {
      readonly by: 'sweep';
      /** The name that the sweep is asked for, such as `service#web`. */
      readonly parent: string;
    }
  | {
      readonly by: 'person';
      /** What to do, in a sentence. */
      readonly step: string;
    };

/** What is seen of a suspicion. */
export interface Seen {
  /** The item with the mark or the counter. */
  readonly item: Told | undefined;
  readonly counter: AuditedCounter | undefined;
  readonly children: number;
  /** What the holder refers to; null: it is not there. */
  readonly references: readonly string[] | null;
  readonly plan: Plan;
}

/** What a row speaks of. */
export interface Spoken extends Keys {
  readonly plan: Plan;
  readonly about: About;
}

type Odd = string | false | undefined;

interface Row {
  /** Absent where no promise is broken yet. */
  readonly promise?: Promised;
  /** Where the protocol's check tells of it: by which fault. */
  readonly fault?: RestViolation['fault'];
  /** Where no check does: what is odd about a guarded item by itself, in words that follow its name. */
  readonly oddGuarded?: (item: Told, plan: Plan) => Odd;
  /** The same for one that holds others. */
  readonly oddHolder?: (item: Told, key: ItemKey, plan: Plan) => Odd;
  /** The same for an attachment, as a whole sentence. */
  readonly oddAttachment?: (attachment: Attachment, plan: Plan) => Odd;
  /** The same for a counter, as a whole sentence. */
  readonly oddCounter?: (counter: AuditedCounter, plan: Plan) => Odd;
  /** @default nothing but the problem itself */
  readonly evidence?: (seen: Seen) => Evidence;
  /** The object since whose deletion it may have been wrong. */
  readonly sinceDeletionOf?: (spoken: Spoken, evidence: Evidence) => ItemKey | undefined;
  /** Whom a sweep is asked for: the protocol's `settleNamed` re-checks everything. @default the item */
  readonly bySweep?: (spoken: Spoken) => ItemKey | undefined;
  /** The step that only a person may take, or can know. @default none: a sweep mends it */
  readonly byPerson?: (spoken: Spoken) => string;
}

const ROWS = {
  /** A task of a service that is gone. */
  'orphan task': {
    promise: 'S1',
    fault: 'child without parent',
    sinceDeletionOf: ({ other }) => other,
    byPerson: ({ plan, item }) => `see that it runs no more, then delete ${item && told(plan, item)}`,
  },
  /** The same of other kinds. */
  'orphan item': {
    promise: 'S1',
    fault: 'child without parent',
    sinceDeletionOf: ({ other }) => other,
    byPerson: ({ plan, item }) =>
      `see that nobody needs it, then take ${item && told(plan, item)} away as its users do`,
  },
  /** A service, or a task that holds networks, refers to a network that is not there. */
  'missing network': {
    promise: 'S2',
    fault: 'held is missing',
    sinceDeletionOf: ({ other }) => other,
    byPerson: (spoken) => createAgain(spoken),
  },
  /** The same of what is held by other kinds, or of other kinds. */
  'missing item': {
    promise: 'S2',
    fault: 'held is missing',
    sinceDeletionOf: ({ other }) => other,
    byPerson: (spoken) => createAgain(spoken),
  },
  /** A reference to what is there, without an attachment, so nothing protects that. */
  'missing attachment': {
    promise: 'S2',
    fault: 'no attachment',
    evidence: ({ references }) => ({ references }),
  },
  /** An attachment of what is gone, or does not refer to what it is attached to. */
  'stale attachment': {
    promise: 'S4',
    fault: 'left attachment',
    evidence: ({ references }) => ({ references }),
    sinceDeletionOf: ({ plan, item }, { references }) =>
      references === null && item && plan.kinds[item.kind]?.isGuarded ? item : undefined,
    bySweep: ({ other }) => other,
  },
  /** An attachment that names nothing which is held, or no holder: as it holds, but for whom can't be known. */
  'unknown attachment': {
    promise: 'S4',
    oddAttachment: ({ held, holder }, plan) =>
      (parseHeldName(plan, held) === undefined || parseHolderName(plan, holder) === undefined) &&
      `the attachments table has an item with held ${shown(held)} and holder ${shown(holder)}, which the deallocator never writes`,
    byPerson: ({ about: { held, holder } }) =>
      `find out who wrote the item with held ${shown(held)} and holder ${shown(holder)} to the attachments table, and delete it ${BREAK_GLASS}`,
  },
  /** A counter of what is gone or not marked. */
  'left counter': {
    promise: 'S4',
    fault: 'left counter',
    evidence: ({ counter, item }) => ({ epoch: shown(counter?.epoch), parent: item ? 'not marked' : 'gone' }),
  },
  /** A counter that says more than there are children: its last child would wake no function. */
  'high counter': { promise: 'S7', fault: 'high counter', evidence: countEvidence },
  /** Marked, without children, held by nothing, and still there. */
  'not deleted': { promise: 'L1', fault: 'not deleted', evidence: markEvidence },
  /** Marked, with children, and without a counter: its last child would wake no function. */
  'no counter': { promise: 'L1', fault: 'no counter', evidence: markEvidence },
  /** The mark is neither a BOOL nor null: probably meant as one. */
  'malformed mark': {
    oddGuarded: ({ item }, { attributes: { pendingDelete: name } }) =>
      !isSwitch(item[name]) && `has ${name} ${shown(item[name])}, which is no mark: it will not be deleted`,
    evidence: ({ item, plan }) => ({ pendingDelete: shown(item?.item[plan.attributes.pendingDelete]) }),
    byPerson: (spoken) => takeAway(spoken.plan.attributes.pendingDelete, spoken),
  },
  /** The protection is neither a BOOL nor null: probably meant as one. */
  'malformed protection': {
    promise: 'S3',
    oddGuarded: ({ item }, { attributes: { protected: name } }) =>
      !isSwitch(item[name]) && `has ${name} ${shown(item[name])}, which protects nothing`,
    evidence: ({ item, plan }) => ({ protected: shown(item?.item[plan.attributes.protected]) }),
    byPerson: (spoken) => takeAway(spoken.plan.attributes.protected, spoken),
  },
  /** The time of a mark without a mark: the next mark could pass for the last. */
  'left mark time': {
    promise: 'S3',
    oddGuarded: ({ item }, { attributes: { pendingDelete, markedAt } }) =>
      item[markedAt] !== undefined &&
      item[pendingDelete] !== true &&
      `is not marked, but has ${markedAt} ${shown(item[markedAt])}: a next mark could pass for that one`,
    evidence: markEvidence,
  },
  /** Lists of references that are no lists, or that name what can't be there: those references protect nothing. */
  'malformed references': {
    promise: 'S2',
    oddHolder: ({ item }, key, plan) => {
      const wrong = wrongReferences(plan, key, item);
      return wrong && `has ${wrong}: what was meant by that protects nothing`;
    },
    byPerson: ({ plan, item }) =>
      item === undefined ? 'correct it' : `correct ${placesIn(plan, item)}, then sweep with its name`,
  },
  /** More references than one deletion's transaction holds. */
  'too many references': {
    promise: 'S6',
    oddHolder: ({ held }, { kind }, plan) => {
      const { heldMax } = plan.kinds[kind] as KindPlan;
      const most = `only ${heldMax} of them can be deleted together with it`;
      return held.length > heldMax && `refers to ${held.length} ${heldWords(plan, kind)}; ${most}`;
    },
    evidence: ({ references }) => ({ references: references?.length ?? 0 }),
    byPerson: ({ plan, item }) =>
      item === undefined
        ? 'let it refer to fewer'
        : `let ${itemName(item)} refer to at most ${plan.kinds[item.kind]?.heldMax} ${heldWords(plan, item.kind)}`,
  },
  /** Items that wait for each other for ever. */
  ring: {
    promise: 'L1',
    evidence: ({ item, references }) => ({ ...markEvidence({ item } as Seen), references }),
    byPerson: ({ item }) =>
      `undelete one of the ring, which may be ${item && itemName(item)}; update it so that it does not depend on the next any more, and remove it again`,
  },
  /** An item whose key makes no name: no counter and no attachment can be of it. */
  'unprotected item': {
    promise: 'S2',
    byPerson: ({ about: { table } }) =>
      `put it again under a key that makes a shorter name, move what belongs to it there, and delete it from ${table} ${BREAK_GLASS}`,
  },
  /** An item among the counters that belongs to nothing. */
  'unknown counter': {
    promise: 'S4',
    oddCounter: ({ id }, plan) =>
      parseGuardedName(plan, id) === undefined &&
      `the counters table has an item ${id}, which is no parent's name; the deallocator never writes that`,
    byPerson: ({ about: { counter } }) =>
      `find out who wrote the item ${counter} to the counters table, and delete it ${BREAK_GLASS}`,
  },
  /** A counter that holds what the deallocator never writes. Its parent can't be settled until it is reset. */
  'unreadable counter': {
    promise: 'S7',
    oddCounter: ({ id, remaining, epoch }, plan) =>
      parseGuardedName(plan, id) !== undefined &&
      !isCounter({ remaining, epoch }) &&
      `the counter of ${id} holds remaining ${shown(remaining)} and epoch ${shown(epoch)}, which the deallocator never writes; ${id} can't be settled with it`,
    evidence: countEvidence,
    bySweep: ({ plan, about: { counter = '' } }) => parseGuardedName(plan, counter),
  },
} satisfies Readonly<Record<string, Row>>;

/** What an audit can find wrong, for machines. */
export type Problem = keyof typeof ROWS;

export const PROBLEMS: Readonly<Record<Problem, Row>> = ROWS;

/** What a fault that concerns these kinds is called: what people know by another name keeps that. */
const CALLED: Readonly<Partial<Record<RestViolation['fault'], Readonly<Record<string, Problem>>>>> = {
  'child without parent': { task: 'orphan task' },
  'held is missing': { network: 'missing network' },
};
const OF_FAULT = new Map(
  (Object.entries(PROBLEMS) as [Problem, Row][]).flatMap(([problem, { fault }]) => (fault ? [[fault, problem]] : [])),
);

export function problemOf({ fault, item, other }: Pick<RestViolation, 'fault' | 'item' | 'other'>): Problem {
  const kind = fault === 'held is missing' ? other?.kind : item.kind;
  return CALLED[fault]?.[kind ?? ''] ?? (OF_FAULT.get(fault) as Problem);
}

export function mendingOf(
  plan: Plan,
  { problem, about }: { readonly problem: Problem; readonly about: About },
): Mending {
  const { byPerson, bySweep = ({ item }: Spoken) => item } = PROBLEMS[problem];
  const spoken = { plan, about, ...keysIn(plan, about) };
  if (byPerson) return { by: 'person', step: byPerson(spoken) };
  const parent = bySweep(spoken);
  return parent ? { by: 'sweep', parent: itemName(parent) } : { by: 'person', step: 'look at it by hand' };
}

function takeAway(attribute: string, { item }: Spoken): string {
  return `take ${attribute} away from ${item && itemName(item)}, or set it to the BOOL true with the client`;
}

function countEvidence({ counter, children }: Seen): Evidence {
  return { epoch: shown(counter?.epoch), remaining: shown(counter?.remaining), children };
}

function markEvidence({ item, plan }: Pick<Seen, 'item'> & Partial<Pick<Seen, 'plan'>>): Evidence {
  const markedAt = item?.item[plan?.attributes.markedAt ?? 'markedAt'];
  return { markedAt: typeof markedAt === 'string' ? markedAt : null };
}

/** On, off or not there; null is how some languages write the last. */
function isSwitch(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'boolean';
}
