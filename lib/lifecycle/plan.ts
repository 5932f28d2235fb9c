/**
 * What follows from a lifecycle, as plain data that construct, functions, client and command line read. Nothing but this module
 * derives anything from a declaration: where a kind decides, a record over the plan's kinds decides.
 */
import { findRefusals } from './checks.ts';
import { type KindOf, type Lifecycle, OUR_ATTRIBUTES, type OurAttribute } from './declaration.ts';
import { type KindPlan, planKinds } from './kind-plan.ts';
import { type Grants, grantsOf, type Permissions, permissionsOf } from './permissions.ts';
import { LifecycleError } from './refusals.ts';
import { findTooLarge } from './sizes.ts';
import { type StreamFunctionPlan, type TablePlan, tablesOf } from './tables.ts';
import { separatorsIn } from './templates.ts';

/** All that follows from a lifecycle. */
export interface Plan<N extends string = string> {
  /** What follows for each kind. */
  readonly kinds: Readonly<Record<N, KindPlan<N>>>;
  /** The kinds' tables, and the deallocator's own: attachments (where something is held by value), counters, receipts. */
  readonly tables: Readonly<Record<string, TablePlan<N>>>;
  /** The functions that streams wake, by their names; beside them there is always `sweep`. */
  readonly functions: Readonly<Record<string, StreamFunctionPlan<N>>>;
  /** What a sweep goes through: the guarded kinds. */
  readonly sweep: readonly N[];
  /** What must be learned of items that are there before: one for each held kind. */
  readonly learning: readonly Learning<N>[];
  /** What the deallocator's attributes are called in the items. */
  readonly attributes: Readonly<Record<OurAttribute, string>>;
  /** The dimension of the metrics that tells the kind; its values are the kinds' names. */
  readonly metricsDimension: string;
  /** Texts that stand behind a part in a key or a value: no id may run into one. */
  readonly separators: Readonly<Record<string, readonly string[]>>;
}

/** The same with who may do what, which is for those who deploy. */
export interface WholePlan<N extends string = string> extends Plan<N> {
  /** What each function may do, `sweep` included. */
  readonly permissions: Readonly<Record<string, Permissions>>;
  /** What programs and people may be granted. */
  readonly grants: Grants;
}

/**
 * What must be done before marks of a held kind count, where items were there before the deallocator: each holder's attachments
 * are put once.
 */
export interface Learning<N extends string = string> {
  /** The held kind. */
  readonly kind: N;
  /** The kinds that hold it. */
  readonly holders: readonly N[];
}

/**
 * What follows from the lifecycle. Throws a {@link LifecycleError} with all refusals, where it can't be kept or does not fit.
 *
 * @example planOf(SWARMKIT).kinds.network.countedBy // [{ by: 'attachments', kinds: ['service'] }]
 */
export function planOf<const L extends Lifecycle>(lifecycle: L): WholePlan<KindOf<L>> {
  endWith(findRefusals(lifecycle));
  const plan = trustedPlanOf(lifecycle);
  const { kinds, tables, functions } = plan as Plan;
  const permissions = permissionsOf(kinds, functions);
  endWith(findTooLarge(tables, functions, permissions));
  return { ...plan, permissions, grants: grantsOf(kinds, tables) };
}

/** Of a lifecycle that {@link planOf} has checked. What the functions are given, so that their code has no checks, and no policies. */
export function trustedPlanOf<const L extends Lifecycle>(lifecycle: L): Plan<KindOf<L>> {
  const plans = planKinds(lifecycle.kinds);
  const attributes = Object.fromEntries(
    OUR_ATTRIBUTES.map((attribute) => [attribute, lifecycle.attributes?.[attribute] ?? attribute]),
  ) as Record<OurAttribute, string>;
  const { tables, functions } = tablesOf(plans, attributes);
  const plan: Plan = {
    kinds: plans,
    tables,
    functions,
    sweep: Object.keys(plans).filter((name) => plans[name]?.isGuarded),
    learning: learningOf(plans),
    attributes,
    metricsDimension: 'kind',
    separators: separatorsOf(plans),
  };
  return plan as Plan<KindOf<L>>;
}

/** What an item's mark and protection are called, without its last undelete: what decides, and what a receipt tells. */
export function markAttributes({ attributes }: Pick<Plan, 'attributes'>): string[] {
  const { pendingDelete, markedAt, markedBy, markedReason, protected: shield } = attributes;
  return [pendingDelete, markedAt, markedBy, markedReason, shield];
}

function endWith(refusals: ConstructorParameters<typeof LifecycleError>[0]): void {
  if (refusals.length > 0) throw new LifecycleError(refusals);
}

type Plans = Readonly<Record<string, KindPlan>>;

/** The holders of each held kind are read whole, once, and healed. */
function learningOf(plans: Plans): Learning[] {
  return Object.entries(plans).flatMap(([kind, { countedBy }]) =>
    countedBy.flatMap((count) => (count.by === 'attachments' ? [{ kind, holders: count.kinds }] : [])),
  );
}

function separatorsOf(plans: Plans): Record<string, readonly string[]> {
  const all = Object.values(plans).flatMap(({ key, holds }) =>
    [...Object.values(key), ...holds.map(({ as }) => as)].flatMap(separatorsIn),
  );
  const parts = [...new Set(all.map(({ part }) => part))];
  return Object.fromEntries(
    parts.map((part) => [part, [...new Set(all.filter((one) => one.part === part).map(({ text }) => text))]]),
  );
}
