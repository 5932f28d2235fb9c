/** Does what a plan says: marks, or takes marks back. */
import type { DeallocatorClient } from '../../client/client.ts';
import type { Declared } from '../../client/types.ts';
import { type ErrorCode, isDeallocatorError } from '../../protocol/errors.ts';
import { NETWORKS_IN_PARALLEL } from '../../protocol/limits.ts';
import type { ParentKind } from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { keyOf } from './cluster.ts';
import type { AlreadyMarked, PlannedMark, RemovalPlan, UndeletePlan } from './plan.ts';

/** How a plan is carried out. */
export interface ApplyOptions {
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
 * Marks what is planned, services first. An object that fails doesn't stop the others. The client checks each object again, and
 * refuses what is protected, gone or in use by now.
 */
export async function applyRemoval(
  client: DeallocatorClient,
  plan: Pick<RemovalPlan, 'marks'>,
  declared: Declared = {},
  options: ApplyOptions = {},
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
  return applyInOrder(plan.marks, ['service', 'network'], apply, options);
}

/** All of one kind, then all of the other. */
async function applyInOrder<P extends { readonly object: string }>(
  planned: readonly P[],
  kinds: readonly ParentKind[],
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
  for (const kind of kinds) {
    const some = planned.filter(({ object }) => keyOf(object).kind === kind);
    applied.push(...(await mapInParallel(some, NETWORKS_IN_PARALLEL, applyOne)));
  }
  return applied;
}

/** Networks first. An object that fails doesn't stop the others. */
export async function applyUndelete(
  client: DeallocatorClient,
  plan: Pick<UndeletePlan, 'undeletes'>,
  declared: Declared = {},
  options: ApplyOptions = {},
): Promise<Applied[]> {
  const apply = ({ object }: AlreadyMarked) =>
    attempt(object, async () => {
      const { kind, id } = keyOf(object);
      const { wasMarked } =
        kind === 'service' ? await client.undeleteService(id, declared) : await client.undeleteNetwork(id, declared);
      return { outcome: wasMarked ? 'undeleted' : 'unchanged' };
    });
  return applyInOrder(plan.undeletes, ['network', 'service'], apply, options);
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
