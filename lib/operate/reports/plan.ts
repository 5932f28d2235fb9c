/** Plans a removal or an undelete before anything of it is written, then does it. */

import type { DeallocatorClient } from '../../client/client.ts';
import type { Declared } from '../../client/types.ts';
import { checkParent } from '../../protocol/arguments.ts';
import { DeallocatorError, type ErrorCode, isDeallocatorError } from '../../protocol/errors.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import {
  type Parent,
  type ParentKey,
  parentName,
  sameParent,
  serviceOf,
  type UserKey,
  userName,
} from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { isoNow } from '../../protocol/time.ts';
import { byName, type Cluster, keyOf } from './cluster.ts';
import { type Forecast, forecast } from './forecast.ts';
import { readNeighbourhood, withMarks } from './neighbourhood.ts';
import { type MarkView, viewMark } from './view.ts';

/** Objects of one plan. Their surroundings are read too. */
const PLAN_OBJECTS_MAX = 500;

export interface RemovalRequest {
  readonly objects?: readonly ParentKey[];
  /** A stack's name (`com.docker.stack.namespace`): its services and its networks. */
  readonly stack?: string;
  /** As in the client's `removeNetwork`. @default 'refuse' */
  readonly whenInUse?: 'refuse' | 'wait';
}

export interface PlannedMark {
  readonly object: string;
  /** Names of services, or of tasks, that use this network and that are neither marked nor planned to be: it waits for them. */
  readonly waitsFor: readonly string[];
}

export interface AlreadyMarked {
  readonly object: string;
  readonly mark: MarkView;
}

export interface PlanRefusal {
  readonly object: string;
  readonly because: 'not found' | 'protected' | 'in use';
  /** A sentence that says what can be done. */
  readonly message: string;
  /** Names of its users. */
  readonly blockers: readonly string[];
}

export interface RemovalPlan {
  /** In the order in which they will be marked: services first, so that their networks are no longer in use. */
  readonly marks: readonly PlannedMark[];
  readonly alreadyMarked: readonly AlreadyMarked[];
  /** What will be left alone. */
  readonly refused: readonly PlanRefusal[];
  /** What follows once these marks are made. */
  readonly forecast: Forecast;
}

export interface UndeletePlan {
  /** In the order in which they will be undeleted: networks first, so that none goes along with a service meanwhile. */
  readonly undeletes: readonly AlreadyMarked[];
  /** Names of what has no mark to take back. */
  readonly notMarked: readonly string[];
  readonly refused: readonly PlanRefusal[];
}

/** What became of one object. */
export interface Applied {
  readonly object: string;
  /** `unchanged`: it was marked already, or had no mark to take back. */
  readonly outcome: 'marked' | 'undeleted' | 'unchanged' | 'failed';
  /** The mark that is there now, to wait for. */
  readonly markedAt?: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly blockers: readonly string[] };
}

/** Writes nothing. `NotFound` for a stack without objects; an object that is not there is among the `refused`. */
export async function planRemoval(cluster: Cluster, request: RemovalRequest): Promise<RemovalPlan> {
  const keys = await keysOf(cluster, request);
  const part = await readNeighbourhood(cluster, keys, new Set(keys.map(parentName)));
  const refused: PlanRefusal[] = [];
  const alreadyMarked: AlreadyMarked[] = [];
  const marks: PlannedMark[] = [];
  // Services come first, so that a network's users are decided on before it.
  const isKept = (user: UserKey) => {
    const name = parentName(serviceOf(user));
    const parent = part.parents.get(name);
    return parent !== undefined && !parent.pendingDelete && !marks.some(({ object }) => object === name);
  };
  for (const key of keys) {
    const object = parentName(key);
    const parent = part.parents.get(object);
    if (parent === undefined) refused.push(refusal(object, 'not found'));
    else if (parent.pendingDelete) alreadyMarked.push(viewMarked(parent, cluster));
    else if (parent.isProtected) refused.push(refusal(object, 'protected'));
    else {
      const users = part.attached.get(key.id)?.users ?? [];
      const waitsFor = key.kind === 'network' ? users.filter(isKept).map(userName) : [];
      if (waitsFor.length > 0 && request.whenInUse !== 'wait') refused.push(refusal(object, 'in use', waitsFor));
      else marks.push({ object, waitsFor });
    }
  }
  const marked = withMarks(part, new Set(marks.map(({ object }) => object)), isoNow(cluster.chance));
  return { marks, alreadyMarked, refused, forecast: forecast(marked, cluster.circumstances) };
}

/**
 * Marks what is planned, services first. An object that fails doesn't stop the others. The client checks each object again, and
 * refuses what is protected, gone or in use by now.
 */
export async function applyRemoval(
  client: DeallocatorClient,
  plan: Pick<RemovalPlan, 'marks'>,
  declared: Declared = {},
): Promise<Applied[]> {
  const apply = ({ object, waitsFor }: PlannedMark) =>
    attempt(object, async () => {
      const { kind, id } = keyOf(object);
      const whenInUse = waitsFor.length > 0 ? 'wait' : 'refuse';
      const { alreadyMarked, markedAt } =
        kind === 'service'
          ? await client.removeService(id, declared)
          : await client.removeNetwork(id, { whenInUse, ...declared });
      return { outcome: alreadyMarked ? 'unchanged' : 'marked', ...(markedAt !== undefined && { markedAt }) };
    });
  const applied: Applied[] = [];
  for (const kind of ['service', 'network'] as const) {
    const some = plan.marks.filter(({ object }) => keyOf(object).kind === kind);
    applied.push(...(await mapInParallel(some, NETWORKS_IN_PARALLEL, apply)));
  }
  return applied;
}

/** Writes nothing. */
export async function planUndelete(
  cluster: Cluster,
  request: Pick<RemovalRequest, 'objects' | 'stack'>,
): Promise<UndeletePlan> {
  const keys = (await keysOf(cluster, request)).reverse();
  const undeletes: AlreadyMarked[] = [];
  const notMarked: string[] = [];
  const refused: PlanRefusal[] = [];
  const parents = await mapInParallel(keys, NETWORKS_IN_PARALLEL, (key) => cluster.readParent(key));
  for (const [n, key] of keys.entries()) {
    const parent = parents[n];
    if (parent === undefined) refused.push(refusal(parentName(key), 'not found'));
    else if (parent.pendingDelete) undeletes.push(viewMarked(parent, cluster));
    else notMarked.push(parentName(key));
  }
  return { undeletes, notMarked, refused };
}

/** Networks first. An object that fails doesn't stop the others. */
export async function applyUndelete(
  client: DeallocatorClient,
  plan: Pick<UndeletePlan, 'undeletes'>,
  declared: Declared = {},
): Promise<Applied[]> {
  const results: Applied[] = [];
  for (const { object } of plan.undeletes) {
    const { kind, id } = keyOf(object);
    const undelete = () =>
      kind === 'service' ? client.undeleteService(id, declared) : client.undeleteNetwork(id, declared);
    results.push(
      await attempt(object, async () => ({ outcome: (await undelete()).wasMarked ? 'undeleted' : 'unchanged' })),
    );
  }
  return results;
}

/** Each once, services before networks. */
async function keysOf(cluster: Cluster, { objects = [], stack }: RemovalRequest): Promise<ParentKey[]> {
  for (const object of objects) checkParent(object);
  const keys = [...objects];
  if (stack !== undefined) {
    const found = await cluster.findStack(stack);
    if (found.keys.length === 0 || !found.isWhole) {
      const what = found.isWhole ? 'no service and no network carries its label' : 'the tables are too large to look';
      throw new DeallocatorError('NotFound', `stack ${stack} was not found: ${what}; name its objects one by one`);
    }
    keys.push(...found.keys);
  }
  const distinct = keys.filter((key, n) => keys.findIndex((other) => sameParent(key, other)) === n);
  if (distinct.length > PLAN_OBJECTS_MAX) {
    throw new DeallocatorError(
      'InvalidArgument',
      `${distinct.length} objects are to be planned for; at most ${PLAN_OBJECTS_MAX} at once: do it in parts`,
    );
  }
  return distinct.sort(byName);
}

function viewMarked(parent: Parent, { chance }: Cluster): AlreadyMarked {
  return { object: parentName(parent.key), mark: viewMark(parent, chance.nowEpochMillis()) };
}

async function attempt(object: string, act: () => Promise<Omit<Applied, 'object'>>): Promise<Applied> {
  try {
    return { object, ...(await act()) };
  } catch (error) {
    if (!isDeallocatorError(error)) throw error;
    const { code, message, blockers } = error;
    return { object, outcome: 'failed', error: { code, message, blockers } };
  }
}

/** What a program can do about each; a command line has words of its own for it. */
const REFUSALS: Readonly<Record<PlanRefusal['because'], string>> = {
  'not found': 'is not there; its history tells whether it was deleted',
  protected: 'is protected; take that away first',
  'in use': "is in use by what is not to be removed; remove or update that too, or plan with whenInUse: 'wait'",
};

function refusal(object: string, because: PlanRefusal['because'], blockers: readonly string[] = []): PlanRefusal {
  return { object, because, message: `${object} ${REFUSALS[because]}`, blockers };
}
