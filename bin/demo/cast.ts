/**
 * Items of any lifecycle for the demo: a set `a` that is to go, a set `b` that stays, and shared things that both hold. Each depends on
 * those of its own set.
 */
import { keyWith } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { KindPlan } from '../../lib/lifecycle/kind-plan.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { sampleItem } from '../../lib/lifecycle/sample-items.ts';

export interface CastItem {
  readonly key: ItemKey;
  readonly item: Readonly<Record<string, unknown>>;
  /** Whether it is one of those that are to go. What is shared is marked too, and stays as long as set `b` holds it. */
  readonly set: 'a' | 'b' | 'shared';
  readonly isGuarded: boolean;
}

/** So many leaves of each kind in the set that goes: the drain is to be seen. */
const LEAVES = 3;

/** What must outlive others comes first. */
export function castFor(plan: Plan): CastItem[] {
  const cast: CastItem[] = [];
  for (const kind of outermostFirst(plan)) {
    if (sharers(plan, kind).length > 0) cast.push(...members(plan, cast, kind, 'shared'));
    cast.push(...members(plan, cast, kind, 'a'), ...members(plan, cast, kind, 'b'));
  }
  return cast;
}

/** One more leaf of the set that goes: what the fence keeps out. Undefined where no kind has room for one. */
export function latecomerFor(plan: Plan, cast: readonly CastItem[]): CastItem | undefined {
  const before = new Set(cast.map(({ key }) => itemName(key)));
  const leaves = Object.entries(plan.kinds).filter(([, { isGuarded, fencedBy }]) => !isGuarded && fencedBy.length > 0);
  return leaves
    .flatMap(([kind]) => members(plan, cast, kind, 'a', LEAVES + 1))
    .find(({ key }) => !before.has(itemName(key)));
}

function members(
  plan: Plan,
  cast: readonly CastItem[],
  kind: string,
  set: CastItem['set'],
  leaves = set === 'a' ? LEAVES : 1,
): CastItem[] {
  const { isGuarded, holds, parts } = plan.kinds[kind] as KindPlan;
  const holdsItself = holds.some((one) => one.kind === kind);
  // A part that other kinds have too ties an item to those of its set.
  const isOwn = parts.some((part) => !isElsewhere(plan, kind, part));
  const many = !isOwn || set === 'shared' ? 1 : holdsItself ? 2 : isGuarded ? 1 : leaves;
  const made: CastItem[] = [];
  for (let n = 1; n <= many; n++) {
    const letter = set === 'shared' ? 's' : set;
    const values = parts.map((part) => [part, `${letter}${isElsewhere(plan, kind, part) ? 1 : n}`]);
    const key = keyWith(plan, kind, Object.fromEntries(values));
    const own = [...cast, ...made].filter((one) => one.set === set);
    const near = holds.flatMap((held) => own.findLast((one) => one.key.kind === held.kind)?.key ?? []);
    const shared = cast.filter((one) => one.set === 'shared' && sharers(plan, one.key.kind).includes(kind));
    const withShared = sampleItem(plan, key, once([...near, ...shared.map((one) => one.key)]));
    const item = withShared ?? sampleItem(plan, key, once(near));
    if (item !== undefined) made.push({ key, item, set, isGuarded });
  }
  return made;
}

/** The kinds that hold a list of these: both sets can hold one. */
function sharers(plan: Plan, kind: string): string[] {
  const holders = Object.entries(plan.kinds).filter(([holder, { holds }]) =>
    holds.some((held) => holder !== kind && held.kind === kind && held.paths[0]?.includes('[]')),
  );
  return holders.map(([holder]) => holder);
}

function isElsewhere({ kinds }: Plan, kind: string, part: string): boolean {
  return Object.entries(kinds).some(([other, { parts }]) => other !== kind && parts.includes(part));
}

/** The checks of a lifecycle leave no rings but of a kind with itself. */
function outermostFirst({ kinds }: Plan): string[] {
  const done: string[] = [];
  const visit = (kind: string) => {
    if (done.includes(kind)) return;
    const { under, holds } = kinds[kind] as KindPlan;
    for (const { kind: other } of [...under, ...holds]) if (other !== kind) visit(other);
    done.push(kind);
  };
  for (const kind of Object.keys(kinds)) visit(kind);
  return done;
}

function once(keys: readonly ItemKey[]): ItemKey[] {
  return [...new Map(keys.map((key) => [itemName(key), key])).values()];
}
