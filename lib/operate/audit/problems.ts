/** What an audit can find wrong, each problem in a row: the promise that it breaks, what it is about, and what mends it. */

import { isCounter } from '../../dynamodb/items.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { shown } from '../../protocol/arguments.ts';
import type { Promised } from '../../protocol/invariants.ts';
import { idBytesMax, NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import { byteLength, isId, networkLists, parseParentName, referencedNetworks } from '../../protocol/model.ts';
import {
  type About,
  type Attachment,
  type AuditedCounter,
  type AuditedParent,
  pairIn,
  parentIn,
  userIn,
} from './world.ts';

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

/** The ids that stand for a subject of the protocol's checks, each source in its own way. */
export type Source = 'tasks' | 'references' | 'attachments' | 'users' | 'parents' | 'childless' | 'draining';

/** What is seen of a suspicion. */
export interface Seen {
  readonly parent: AuditedParent | undefined;
  readonly counter: AuditedCounter | undefined;
  readonly children: number;
  /** The networks that the user refers to; null: the user is not there. */
  readonly references: readonly string[] | null;
}

type Odd = string | false | undefined;

interface Row {
  /** Absent where no promise is broken yet. */
  readonly promise?: Promised;
  /** Where the protocol's check of that promise tells of it: what its subject is about. */
  readonly about?: Source;
  /** Where no check does: what is odd about a service or network by itself, in words that follow its name. */
  readonly oddParent?: (parent: AuditedParent) => Odd;
  /** The same for one that refers to networks. */
  readonly oddUser?: (parent: AuditedParent) => Odd;
  /** The same for an attachment, as a whole sentence. */
  readonly oddAttachment?: (attachment: Attachment) => Odd;
  /** The same for a counter, as a whole sentence. */
  readonly oddCounter?: (counter: AuditedCounter) => Odd;
  /** @default nothing but the problem itself */
  readonly evidence?: (seen: Seen) => Evidence;
  /** The object since whose deletion it may have been wrong. */
  readonly sinceDeletionOf?: (about: About, evidence: Evidence) => ItemKey | undefined;
  /** Whom a sweep is asked for: the protocol's `settleNamed` re-checks everything. @default its parent */
  readonly bySweep?: (about: About) => ItemKey;
  /** The step that only a person may take, or can know. @default none: a sweep mends it */
  readonly byPerson?: (about: About) => string;
}

const ROWS = {
  /** A task of a service that is gone. */
  'orphan task': {
    promise: 'S1',
    about: 'tasks',
    sinceDeletionOf: parentIn,
    byPerson: ({ service, task }) => `see that it runs no more, then delete task ${task} of service ${service}`,
  },
  /** A service, or a task that holds networks, refers to a network that is not there. */
  'missing network': {
    promise: 'S2',
    about: 'users',
    sinceDeletionOf: ({ network }) => parentIn({ network }),
    byPerson: (about) => `create network ${about.network} again, or take it out of ${listIn(about)}`,
  },
  /** The same to one that is there, without an attachment, so nothing protects that network. */
  'missing attachment': {
    promise: 'S2',
    about: 'references',
    evidence: ({ references }) => ({ references }),
    bySweep: userIn,
  },
  /** An attachment of a service or task that is gone, or does not refer to the network. */
  'stale attachment': {
    promise: 'S4',
    about: 'attachments',
    evidence: ({ references }) => ({ references }),
    sinceDeletionOf: (about, { references }) => (references === null && !about.task ? parentIn(about) : undefined),
    bySweep: ({ network }) => parentIn({ network }),
  },
  /** An attachment that names nothing which users hold, or no user: as it holds, but for whom can't be known. */
  'unknown attachment': {
    promise: 'S4',
    oddAttachment: ({ held, holder }) =>
      pairIn({ held, holder }) === undefined &&
      `the attachments table has an item with held ${shown(held)} and holder ${shown(holder)}, which the deallocator never writes`,
    byPerson: ({ held, holder }) =>
      `find out who wrote the item with held ${shown(held)} and holder ${shown(holder)} to the attachments table, and delete it ${BREAK_GLASS}`,
  },
  /** A counter of a parent that is gone or not marked. */
  'left counter': {
    promise: 'S4',
    about: 'parents',
    evidence: ({ counter, parent }) => ({ epoch: shown(counter?.epoch), parent: parent ? 'not marked' : 'gone' }),
  },
  /** A counter that says more than there are children: its last child would wake no function. */
  'high counter': { promise: 'S7', about: 'parents', evidence: countEvidence },
  /** Marked, without children, held by nothing, and still there. */
  'not deleted': { promise: 'L1', about: 'childless', evidence: markEvidence },
  /** Marked, with children, and without a counter: its last child would wake no function. */
  'no counter': { promise: 'L1', about: 'draining', evidence: markEvidence },
  /** `pendingDelete` is neither a BOOL nor null: probably meant as a mark. */
  'malformed mark': {
    oddParent: ({ pendingDelete: mark }) =>
      !isSwitch(mark) && `has pendingDelete ${shown(mark)}, which is no mark: it will not be deleted`,
    evidence: ({ parent }) => ({ pendingDelete: shown(parent?.pendingDelete) }),
    byPerson: (about) => takeAway('pendingDelete', about),
  },
  /** `protected` is neither a BOOL nor null: probably meant as a protection. */
  'malformed protection': {
    promise: 'S3',
    oddParent: ({ protected: shield }) => !isSwitch(shield) && `has protected ${shown(shield)}, which protects nothing`,
    evidence: ({ parent }) => ({ protected: shown(parent?.protected) }),
    byPerson: (about) => takeAway('protected', about),
  },
  /** `markedAt` without a mark: the next mark could pass for the last. */
  'left mark time': {
    promise: 'S3',
    oddParent: ({ markedAt, pendingDelete }) =>
      markedAt !== undefined &&
      pendingDelete !== true &&
      `is not marked, but has markedAt ${shown(markedAt)}: a next mark could pass for that one`,
    evidence: markEvidence,
  },
  /** Network lists that are no lists, or that name what can't be a network: those references protect nothing. */
  'malformed references': {
    promise: 'S2',
    oddUser: (parent) => {
      const wrong = wrongReferences(parent);
      return wrong && `has ${wrong}: what was meant by that protects nothing`;
    },
    byPerson: (about) => `correct the network lists in the spec of ${nameIn(about)}, then sweep with its name`,
  },
  /** More references than one deletion's transaction holds. */
  'too many references': {
    promise: 'S6',
    oddUser: ({ id, spec }) => {
      const { length } = referencedNetworks({ kind: 'service', id }, networkLists(spec));
      const most = `only ${NETWORKS_PER_SERVICE_MAX} of them can be deleted together with it`;
      return length > NETWORKS_PER_SERVICE_MAX && `refers to ${length} networks; ${most}`;
    },
    evidence: ({ references }) => ({ references: references?.length ?? 0 }),
    byPerson: (about) => `let ${nameIn(about)} refer to at most ${NETWORKS_PER_SERVICE_MAX} networks`,
  },
  /** An item among the counters that belongs to no parent. */
  'unknown counter': {
    promise: 'S4',
    oddCounter: ({ id }) =>
      parseParentName(id) === undefined &&
      `the counters table has an item ${id}, which is no parent's name; the deallocator never writes that`,
    byPerson: ({ counter }) =>
      `find out who wrote the item ${counter} to the counters table, and delete it ${BREAK_GLASS}`,
  },
  /** A counter that holds what the deallocator never writes. Its parent can't be settled until it is reset. */
  'unreadable counter': {
    promise: 'S7',
    oddCounter: ({ id, remaining, epoch }) =>
      parseParentName(id) !== undefined &&
      !isCounter({ remaining, epoch }) &&
      `the counter of ${id} holds remaining ${shown(remaining)} and epoch ${shown(epoch)}, which the deallocator never writes; ${id} can't be settled with it`,
    evidence: countEvidence,
    bySweep: ({ counter = '' }) => parseParentName(counter) ?? parentIn({}),
  },
} satisfies Readonly<Record<string, Row>>;

/** What an audit can find wrong, for machines. */
export type Problem = keyof typeof ROWS;

export const PROBLEMS: Readonly<Record<Problem, Row>> = ROWS;

export function mendingOf({ problem, about }: { readonly problem: Problem; readonly about: About }): Mending {
  const { byPerson, bySweep = parentIn } = PROBLEMS[problem];
  return byPerson ? { by: 'person', step: byPerson(about) } : { by: 'sweep', parent: itemName(bySweep(about)) };
}

function takeAway(attribute: string, about: About): string {
  return `take ${attribute} away from ${nameIn(about)}, or set it to the BOOL true with the client`;
}

function nameIn(about: About): string {
  return itemName(parentIn(about));
}

function listIn({ service, task }: About): string {
  return task === undefined ? `the spec of service ${service}` : `the networks of task ${task} of service ${service}`;
}

function countEvidence({ counter, children }: Seen): Evidence {
  return { epoch: shown(counter?.epoch), remaining: shown(counter?.remaining), children };
}

function markEvidence({ parent }: Seen): Evidence {
  return { markedAt: typeof parent?.markedAt === 'string' ? parent.markedAt : null };
}

/** On, off or not there; null is how some languages write the last. */
function isSwitch(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'boolean';
}

/** In the list that counts, or in one that would count if it were a list. */
function wrongReferences({ id, spec, oddLists = [] }: AuditedParent): string | undefined {
  if (oddLists.length > 0) return `${oddLists.join(' and ')} of another type than a list`;
  const { task, service } = networkLists(spec);
  const entries: unknown = Array.isArray(task) && task.length > 0 ? task : service;
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  if (byteLength(id) > idBytesMax('service')) {
    return `references, and an id of more than the ${idBytesMax('service')} bytes that an attachment's key holds`;
  }
  const targets = entries.map((entry: { readonly target?: unknown } | null) => entry?.target);
  const place = targets.findIndex((target) => !isId('network', target));
  return place === -1 ? undefined : `a network reference [${place}] whose target is ${shown(targets[place])}`;
}
