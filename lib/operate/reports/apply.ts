/** Does what a plan says: marks, or takes marks back. */
import type { DeallocatorClient } from '../../client/client.ts';
import type { LifecycleClient } from '../../client/lifecycle-client.ts';
import type { Declared } from '../../client/types.ts';
import type { Lifecycle } from '../../lifecycle/declaration.ts';
import { idOf } from '../../lifecycle/ids.ts';
import { type Plan, planOf } from '../../lifecycle/plan.ts';
import { SWARMKIT } from '../../lifecycle/swarmkit.ts';
import { type ErrorCode, isDeallocatorError } from '../../protocol/errors.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import { groupBy, mapInParallel } from '../../protocol/parallel.ts';
import { type ObjectKey, planned as plannedKind } from '../names.ts';
import { keyOf, placesIn } from './order.ts';
import type { AlreadyMarked, PlannedMark, RemovalPlan, UndeletePlan } from './plan.ts';

/** How a plan is carried out. */
export interface ApplyOptions {
  /** What the kinds are: the cluster's `plan`. @default SwarmKit's */
  readonly plan?: Plan;
  /** Its reason is thrown between two objects; what is done stays done, and a plan that is made again goes on from there. */
  readonly signal?: AbortSignal;
  /** Told after each object. */
  readonly onProgress?: (progress: ApplyProgress) => void;
}

/** How far it is. */
export interface ApplyProgress {
  /** Objects that were tried so far. */
  readonly done: number;
  /** All objects of the plan. */
  readonly total: number;
}

/** What became of one object. */
export interface Applied {
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** `unchanged`: it was marked already, or had no mark to take back. */
  readonly outcome: 'marked' | 'undeleted' | 'unchanged' | 'failed';
  /** The mark that is there now, to wait for. */
  readonly markedAt?: string;
  /** Where it failed: why. */
  readonly error?: ApplyError;
}

/** Why an object was not marked, or its mark not taken back: the client's error as data. */
export interface ApplyError {
  /** Who must act, and how. */
  readonly code: ErrorCode;
  /** A sentence that says what happened, and what can be done. */
  readonly message: string;
  /** Names of what stands in the way, such as `service#web`. */
  readonly blockers: readonly string[];
}

/**
 * Marks what is planned, users first, such as services. An object that fails doesn't stop the others. The client checks each object again, and
 * refuses what is protected, gone or in use by now.
 */
export async function applyRemoval(
  client: DeallocatorClient,
  plan: Pick<RemovalPlan, 'marks'>,
  declared: Declared = {},
  options: ApplyOptions = {},
): Promise<Applied[]> {
  const { plan: kinds = planOf(SWARMKIT) } = options;
  const apply = ({ object, waitsFor }: PlannedMark) =>
    attempt(object, async () => {
      const { kind, id } = idNamed(kinds, object);
      const whenInUse = waitsFor.length > 0 ? 'wait' : 'refuse';
      const { alreadyMarked, markedAt } = await steering(client).remove(kind, id, { whenInUse, ...declared });
      return { outcome: alreadyMarked ? 'unchanged' : 'marked', ...(markedAt !== undefined && { markedAt }) };
    });
  return applyInOrder(kinds, plan.marks, [...placesIn(kinds).keys()], apply, options);
}

/** All of one kind, then all of the next. In a tree of one kind, one after the other. */
async function applyInOrder<P extends { readonly object: string }>(
  plan: Plan,
  planned: readonly P[],
  kinds: readonly string[],
  apply: (one: P) => Promise<Applied>,
  { signal, onProgress }: ApplyOptions,
): Promise<Applied[]> {
  let done = 0;
  const applyOne = async (one: P) => {
    signal?.throwIfAborted();
    const applied = await apply(one);
    onProgress?.({ done: ++done, total: planned.length });
    return applied;
  };
  const applied: Applied[] = [];
  const byKind = groupBy(planned, ({ object }) => keyOf(plan, object).kind);
  for (const kind of kinds) {
    const isTree = plannedKind(plan, kind).fencedBy.includes(kind);
    applied.push(...(await mapInParallel(byKind.get(kind) ?? [], isTree ? 1 : NETWORKS_IN_PARALLEL, applyOne)));
  }
  return applied;
}

/** What is used first, such as networks. An object that fails doesn't stop the others. */
export async function applyUndelete(
  client: DeallocatorClient,
  plan: Pick<UndeletePlan, 'undeletes'>,
  declared: Declared = {},
  options: ApplyOptions = {},
): Promise<Applied[]> {
  const { plan: kinds = planOf(SWARMKIT) } = options;
  const apply = ({ object }: AlreadyMarked) =>
    attempt(object, async () => {
      const { kind, id } = idNamed(kinds, object);
      const { wasMarked } = await steering(client).undelete(kind, id, declared);
      return { outcome: wasMarked ? 'undeleted' : 'unchanged' };
    });
  return applyInOrder(kinds, plan.undeletes, [...placesIn(kinds).keys()].reverse(), apply, options);
}

/** A client of any kinds: their names come from the plan, and not from its type. */
export function steering(client: object): LifecycleClient<Lifecycle> {
  return client as LifecycleClient<Lifecycle>;
}

function idNamed(plan: Plan, object: string): ObjectKey {
  const key = keyOf(plan, object);
  return { kind: key.kind, id: idOf(plan, key) };
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
