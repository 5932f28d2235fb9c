/** Plans a removal or an undelete before anything of it is written. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import type { SeenItem } from '../../protocol/model.ts';
import { groupBy, mapInParallel } from '../../protocol/parallel.ts';
import { isoNow } from '../../protocol/time.ts';
import {
  checkSwarmkits,
  guardedOf,
  keyGiven,
  LABELLED,
  type Names,
  namesOf,
  type ObjectKey,
  planned,
} from '../names.ts';
import type { Cluster } from './cluster.ts';
import { forecast } from './forecast.ts';
import type { Forecast } from './foreseen.ts';
import type { FoundParent } from './found-parents.ts';
import { findDeleted } from './history.ts';
import { type LabelAsked, labelsAsked } from './listing.ts';
import { type Neighbourhood, readNeighbourhood, withMarks } from './neighbourhood.ts';
import { inOrderOf, keyOf } from './order.ts';
import { type MarkView, viewMark } from './view.ts';

/** Objects of one plan: it is held in memory. Each costs two reads. */
const PLAN_OBJECTS_MAX = 50_000;
/** Objects of a plan that foresees step by step what follows; a larger one foresees what goes at once. */
export const FORESEEN_OBJECTS_MAX = 500;

/** What is planned for: objects, and where they are SwarmKit's, services and networks by their labels. */
export interface Selection {
  /** These, each once. @default none */
  readonly objects?: readonly ObjectKey[];
  /** A stack's name (the label `com.docker.stack.namespace`): its services and its networks. */
  readonly stack?: string | undefined;
  /** Services and networks with all of these labels, and of the stack if that is given too. */
  readonly labels?: readonly LabelAsked[];
}

/** What to remove, and how. */
export interface RemovalRequest extends Selection {
  /** What becomes of what is in use, and whose kind says `restrict`: as in the client's `removeNetwork`. @default 'refuse' */
  readonly whenInUse?: 'refuse' | 'wait';
}

/** An object that will be marked. */
export interface PlannedMark {
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** Names of what uses it and is neither marked nor planned to be, such as services of a network: it waits for them. */
  readonly waitsFor: readonly string[];
}

/** An object that is marked already. */
export interface AlreadyMarked {
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** The mark that it has, and keeps. */
  readonly mark: MarkView;
}

/** An object that will be left alone. */
export interface PlanRefusal {
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** Why, for machines. */
  readonly because: 'not found' | 'protected' | 'in use';
  /** Of what was not found: a receipt tells that it was deleted; or none does, and the id may be mistyped. */
  readonly absence?: 'gone' | 'not there';
  /** False, of what is not there: not all receipts were read, and one of the others may tell of it. */
  readonly isWhole?: false;
  /** A sentence that says what can be done. */
  readonly message: string;
  /** Names of its users. */
  readonly blockers: readonly string[];
}

/** What a removal would mark, and what would follow. Plain data, ready for JSON. */
export interface RemovalPlan {
  /** In the order in which they will be marked: users first, such as services, so that their networks are no longer in use. */
  readonly marks: readonly PlannedMark[];
  /** What is marked already, and keeps its mark. */
  readonly alreadyMarked: readonly AlreadyMarked[];
  /** What will be left alone. */
  readonly refused: readonly PlanRefusal[];
  /** What follows once these marks are made. Of a plan of more than 500 objects: what goes at once, and `isWhole` is false. */
  readonly forecast: Forecast;
  /** Names of objects that go as soon as they are marked: no undelete brings them back. */
  readonly goesAtOnce: readonly string[];
  /** What people call the objects of the plan, where their specs have names: by `service#…`. */
  readonly names: Names;
}

/** Whose marks an undelete would take back. Plain data, ready for JSON. */
export interface UndeletePlan {
  /** In the order in which they will be undeleted: what is used first, such as networks, so that none goes along meanwhile. */
  readonly undeletes: readonly AlreadyMarked[];
  /** Names of what has no mark to take back. */
  readonly notMarked: readonly string[];
  /** What will be left alone. */
  readonly refused: readonly PlanRefusal[];
  /** As in {@link RemovalPlan}. */
  readonly names: Names;
}

/** Writes nothing. `NotFound` for a stack without objects; an object that is not there is among the `refused`. */
export async function planRemoval(cluster: Cluster, request: RemovalRequest): Promise<RemovalPlan> {
  const keys = await keysOf(cluster, request);
  const part = await readNeighbourhood(cluster, keys, { asIfMarked: new Set(keys.map(itemName)) });
  const refused: PlanRefusal[] = [];
  const alreadyMarked: AlreadyMarked[] = [];
  const fit: FoundParent[] = [];
  for (const key of keys) {
    const object = itemName(key);
    const parent = part.parents.get(object);
    if (parent === undefined) refused.push(refusal(object, 'not found'));
    else if (parent.pendingDelete) alreadyMarked.push(viewMarked(parent, cluster));
    else if (parent.isProtected) refused.push(refusal(object, 'protected'));
    else fit.push(parent);
  }
  const { marks, inUse } = decide(part, fit, request.whenInUse === 'wait');
  const order = new Map(keys.map((key, place) => [itemName(key), place]));
  const all = [...refused, ...inUse].sort((a, b) => (order.get(a.object) ?? 0) - (order.get(b.object) ?? 0));
  const planned = new Set(marks.map(({ object }) => object));
  const course = foresee(withMarks(part, planned, isoNow(cluster.chance)), keys.length, cluster);
  const told = await withAbsence(cluster, all);
  return {
    marks,
    alreadyMarked,
    refused: told.refused,
    forecast: course,
    goesAtOnce: atOnce(course),
    names: { ...part.names, ...told.names },
  };
}

/** @param fit users come before what they use */
function decide(part: Neighbourhood, fit: readonly FoundParent[], isPatient: boolean) {
  const marks: PlannedMark[] = [];
  const inUse: PlanRefusal[] = [];
  const planned = new Set<string>();
  for (const some of groupBy(fit, ({ key }) => key.kind).values()) {
    for (const { key } of usersFirst(part, some)) {
      const object = itemName(key);
      const kept = usersKept(part, key, planned);
      const restricting = kept.filter(({ kind }) => isRestrictedBy(part, key, kind));
      if (restricting.length > 0 && !isPatient) inUse.push(refusal(object, 'in use', restricting.map(itemName)));
      else {
        marks.push({ object, waitsFor: kept.map(itemName) });
        planned.add(object);
      }
    }
  }
  return { marks, inUse };
}

/** Of one kind, which may form a tree: what uses another of them comes before it, and else they stay in their order. */
function usersFirst({ plan, users }: Neighbourhood, some: readonly FoundParent[]): readonly FoundParent[] {
  const [first] = some;
  if (first === undefined || !planned(plan, first.key.kind).fencedBy.includes(first.key.kind)) return some;
  const left = new Map(some.map((parent) => [itemName(parent.key), parent]));
  const ordered: FoundParent[] = [];
  const opened = new Set<string>();
  const way = [...left.keys()].reverse();
  for (let name = way.pop(); name !== undefined; name = way.pop()) {
    const parent = left.get(name);
    if (parent === undefined) continue;
    if (opened.has(name)) {
      left.delete(name);
      ordered.push(parent);
      continue;
    }
    opened.add(name);
    const own = users.get(name)?.users.map(itemName) ?? [];
    way.push(name, ...own.filter((user) => left.has(user) && !opened.has(user)));
  }
  return ordered;
}

const isRestrictedBy = ({ plan }: Neighbourhood, { kind }: ItemKey, user: string) =>
  planned(plan, kind).restrictedBy.includes(user);

/** Users that are neither marked nor planned to be. What is under no guarded item goes by itself, unless it forbids the mark. */
function usersKept(part: Neighbourhood, key: ItemKey, planned: ReadonlySet<string>): ItemKey[] {
  const users = part.users.get(itemName(key))?.users ?? [];
  return users.filter((user) => {
    const guarded = guardedOf(part.plan, user);
    if (guarded === undefined) return isRestrictedBy(part, key, user.kind);
    const name = itemName(guarded);
    const parent = part.parents.get(name);
    return parent !== undefined && !parent.pendingDelete && !planned.has(name);
  });
}

function foresee(part: Neighbourhood, objects: number, { circumstances }: Cluster): Forecast {
  if (objects <= FORESEEN_OBJECTS_MAX) return forecast(part, circumstances);
  const { steps } = forecast(part, circumstances, []);
  return { steps, stays: [], isWhole: false };
}

function atOnce({ steps }: Forecast): string[] {
  const now = steps.filter(({ after }) => after === undefined);
  return now.flatMap(({ deletions }) => deletions.flatMap(({ deleted }) => deleted));
}

/** Writes nothing. */
export async function planUndelete(cluster: Cluster, request: Selection): Promise<UndeletePlan> {
  const keys = (await keysOf(cluster, request)).reverse();
  const undeletes: AlreadyMarked[] = [];
  const notMarked: string[] = [];
  const refused: PlanRefusal[] = [];
  const parents = await mapInParallel(keys, NETWORKS_IN_PARALLEL, (key) => cluster.readParent(key));
  for (const [n, key] of keys.entries()) {
    const parent = parents[n];
    if (parent === undefined) refused.push(refusal(itemName(key), 'not found'));
    else if (parent.pendingDelete) undeletes.push(viewMarked(parent, cluster));
    else notMarked.push(itemName(key));
  }
  const told = await withAbsence(cluster, refused);
  return { undeletes, notMarked, refused: told.refused, names: { ...namesOf(parents), ...told.names } };
}

/** Each once, what depends on others before these: services before networks. */
async function keysOf(cluster: Cluster, { objects = [], stack, labels = [] }: Selection): Promise<ItemKey[]> {
  const { plan } = cluster;
  const keys = objects.map((object) => keyGiven(plan, object));
  if (stack !== undefined || labels.length > 0) keys.push(...(await keysLabelled(cluster, { stack, labels })));
  const distinct = [...new Map(keys.map((key) => [itemName(key), key])).values()];
  if (distinct.length > PLAN_OBJECTS_MAX) {
    throw new DeallocatorError(
      'InvalidArgument',
      `${distinct.length} objects are to be planned for; at most ${PLAN_OBJECTS_MAX} at once: plan for some of them first`,
    );
  }
  return distinct.sort(inOrderOf(plan));
}

async function keysLabelled(
  cluster: Cluster,
  selection: Pick<Selection, 'stack' | 'labels'>,
): Promise<readonly ItemKey[]> {
  checkSwarmkits(cluster.plan, LABELLED);
  const { keys, isWhole } = await cluster.findLabelled(labelsAsked(selection));
  if (keys.length > 0 && isWhole) return keys;
  const { stack, labels = [] } = selection;
  const texts = labels.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
  const asked = [...(stack === undefined ? [] : [`stack ${stack}`]), ...texts.map((text) => `label ${text}`)].join(
    ', ',
  );
  const what = isWhole ? 'no service and no network carries its label' : 'the tables are too large to look';
  throw new DeallocatorError(
    'NotFound',
    `${asked} was not found: ${what}, at spec.annotations.labels or at spec.labels; name the objects one by one`,
  );
}

function viewMarked(parent: SeenItem, { chance }: Cluster): AlreadyMarked {
  return { object: itemName(parent.key), mark: viewMark(parent, chance.nowEpochMillis()) };
}

/** Tells what is gone, and what it was called, from what is not there. */
async function withAbsence(
  cluster: Cluster,
  refused: readonly PlanRefusal[],
): Promise<{ refused: PlanRefusal[]; names: Names }> {
  const absent = refused
    .filter(({ because }) => because === 'not found')
    .map(({ object }) => keyOf(cluster.plan, object));
  const { deletions: deleted, isWhole } = await findDeleted(cluster, absent);
  const names = namesOf([...deleted.values()].map((one) => ({ key: keyOf(cluster.plan, one.object), name: one.name })));
  const told = refused.map((refusal): PlanRefusal => {
    if (refusal.because !== 'not found') return refusal;
    const { object } = refusal;
    if (deleted.has(object)) {
      return { ...refusal, absence: 'gone', message: `${object} is gone: a receipt tells that it was deleted` };
    }
    const absent = { ...refusal, absence: 'not there' } as const;
    return isWhole
      ? { ...absent, message: `${object} is not there, and no receipt tells of it: see the id` }
      : { ...absent, isWhole, message: `${object} is not there, and not all receipts were read: see the id` };
  });
  return { refused: told, names };
}

/** What a program can do about each; a command line has words of its own for it. */
const REFUSALS: Readonly<Record<PlanRefusal['because'], string>> = {
  'not found': 'is not there',
  protected: 'is protected; take that away first',
  'in use': "is in use by what is not to be removed; remove or update that too, or plan with whenInUse: 'wait'",
};

function refusal(object: string, because: PlanRefusal['because'], blockers: readonly string[] = []): PlanRefusal {
  return { object, because, message: `${object} ${REFUSALS[because]}`, blockers };
}
