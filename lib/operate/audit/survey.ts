/**
 * The first look of an audit: each table is read once, and what looks wrong is told by its ids. Parents meet their children,
 * counters and users, and references their attachments, in partitions: so the memory it takes does not grow with the tables.
 */
import { isOwnItem } from '../../dynamodb/schema.ts';
import { attributesOf } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import {
  isMarkedItem,
  parseHeldName,
  parseHolderName,
  type RestViolation,
  type Told,
  tellItem,
} from '../../protocol/rest.ts';
import { type Suspicion, suspectKey } from './findings.ts';
import { Partitions } from './partitions.ts';
import { PROBLEMS, type Problem, problemOf } from './problems.ts';
import type { AuditedPage } from './reader.ts';
import { canFormRings, findRings, RING_MEMBERS_MAX, type RingMember } from './rings.ts';
import { findSuspects, isOfNoKind, oddAttachments, oddCounters, oddItem, ringsOf } from './suspects.ts';
import { type AuditedCounter, type AuditedWorld, aboutOf } from './world.ts';

/** Suspicions of one problem that are kept, to be looked at again. Where there are more, the first ones tell what to do. */
export const SUSPICIONS_OF_A_PROBLEM_MAX = 10_000;

/** Each once, up to a limit for each problem; the others are counted. */
export class Suspicions {
  readonly #kept = new Map<Problem, Map<string, Suspicion>>();
  readonly #unchecked = new Map<Problem, number>();

  add({ problem, about }: Suspicion): void {
    const kept = this.#kept.get(problem) ?? new Map<string, Suspicion>();
    this.#kept.set(problem, kept);
    const key = suspectKey({ problem, about });
    if (kept.has(key)) return;
    if (kept.size < SUSPICIONS_OF_A_PROBLEM_MAX) kept.set(key, { problem, about });
    else this.#unchecked.set(problem, (this.#unchecked.get(problem) ?? 0) + 1);
  }

  /** In the order of the problems. */
  all(): Suspicion[] {
    return PROBLEM_NAMES.flatMap((problem) => [...(this.#kept.get(problem)?.values() ?? [])]);
  }

  unchecked(): Partial<Record<Problem, number>> {
    return Object.fromEntries(this.#unchecked);
  }
}

const PROBLEM_NAMES = Object.keys(PROBLEMS) as Problem[];

/** What the partition of a guarded item holds of it and of what belongs to it. */
type ItemFact = { readonly is: 'item'; readonly key: ItemKey; readonly item: Told['item'] };
type Fact =
  | ItemFact
  | { readonly is: 'counter'; readonly counter: AuditedCounter }
  /** By its key, or by an attachment, which tells no item. */
  | {
      readonly is: 'child';
      readonly name: string;
      readonly other?: ItemKey;
      readonly item?: ItemKey;
      readonly isMarked?: boolean;
    }
  /** What refers to it. */
  | {
      readonly is: 'user';
      readonly name: string;
      readonly other: ItemKey;
      readonly item: ItemKey;
      readonly isMarked: boolean;
    };

/** An attachment, or a reference that needs one. */
interface Pair {
  readonly item: ItemKey;
  readonly other: ItemKey;
  readonly isAttached: boolean;
}

export class Survey {
  readonly suspicions = new Suspicions();
  readonly #plan: Plan;
  readonly #circumstances: Circumstances;
  readonly #facts: Partitions<Fact>;
  readonly #pairs: Partitions<Pair>;
  /** Items of no kind, by their tables. */
  readonly unlike: Record<string, number> = {};
  readonly #members: RingMember[] = [];
  #memberNames = 0;

  constructor(plan: Plan, circumstances: Circumstances, heldCharactersMax?: number) {
    this.#plan = plan;
    this.#circumstances = circumstances;
    this.#facts = new Partitions(heldCharactersMax);
    this.#pairs = new Partitions(heldCharactersMax);
  }

  /** Takes what one page holds. */
  async take(page: AuditedPage): Promise<void> {
    if (page.of === 'attachments') {
      for (const attachment of page.items) {
        const [other, item] = [
          parseHeldName(this.#plan, attachment.held),
          parseHolderName(this.#plan, attachment.holder),
        ];
        if (other) this.#facts.add(attachment.held, { is: 'child', name: attachment.held });
        for (const odd of oddAttachments(this.#plan, attachment)) this.suspicions.add(odd);
        if (other && item) this.#addPair({ item, other, isAttached: true });
      }
    } else if (page.of === 'counters') {
      for (const counter of page.items) {
        if (isOwnItem(counter.id)) continue;
        for (const odd of oddCounters(this.#plan, counter)) this.suspicions.add(odd);
        this.#facts.add(counter.id, { is: 'counter', counter });
      }
    } else {
      for (const item of page.items) this.#takeItem(tellItem(this.#plan, page.kind, item));
    }
    await Promise.all([this.#facts.room(), this.#pairs.room()]);
  }

  /** Once all pages are taken. */
  async conclude(signal?: AbortSignal): Promise<void> {
    for (const read of this.#facts.all()) {
      signal?.throwIfAborted();
      await this.#compareItems(read);
    }
    for (const read of this.#pairs.all()) {
      signal?.throwIfAborted();
      await this.#comparePairs(read);
    }
    for (const ring of ringsOf(this.#plan, findRings(this.#plan, this.#members))) this.suspicions.add(ring);
  }

  async close(): Promise<void> {
    await Promise.all([this.#facts.close(), this.#pairs.close()]);
  }

  #takeItem(told: Told): void {
    const { kind, key, item, under, held } = told;
    if (key === undefined && isOfNoKind(this.#plan, kind, item)) {
      const { table } = this.#plan.kinds[kind] as KindPlan;
      this.unlike[table] = (this.unlike[table] ?? 0) + 1;
    }
    const { pendingDelete, markedAt, protected: shield } = this.#plan.attributes;
    const isGuarded = key !== undefined && this.#plan.kinds[key.kind]?.isGuarded === true;
    const isMarked = isGuarded && isMarkedItem(this.#plan, item);
    for (const odd of oddItem(this.#plan, told)) this.suspicions.add(odd);
    if (isGuarded) {
      const mark = isMarked ? { [pendingDelete]: true, [markedAt]: item[markedAt], [shield]: item[shield] } : {};
      this.#facts.add(itemName(key), { is: 'item', key, item: mark });
    }
    for (const other of under) {
      const name = itemName(other);
      this.#facts.add(name, { is: 'child', name, other, ...(key && { item: key }), isMarked });
    }
    for (const other of key === undefined ? [] : held) {
      const name = itemName(other);
      this.#facts.add(name, { is: 'user', name, other, item: key as ItemKey, isMarked });
      this.#addPair({ item: key as ItemKey, other, isAttached: false });
    }
  }

  #addPair(pair: Pair): void {
    this.#pairs.add(pairKey(pair), pair);
  }

  async #compareItems(read: () => AsyncIterable<Fact>): Promise<void> {
    const items = new Map<string, ItemFact>();
    const counters = new Map<string, AuditedCounter>();
    for await (const fact of read()) {
      if (fact.is === 'item') items.set(itemName(fact.key), fact);
      if (fact.is === 'counter') counters.set(fact.counter.id, fact.counter);
    }
    const children = new Map<string, number>();
    const keeping = new Keeping();
    for await (const fact of read()) {
      if (fact.is !== 'child' && fact.is !== 'user') continue;
      const { item, other } = fact;
      if (fact.is === 'child') children.set(fact.name, (children.get(fact.name) ?? 0) + 1);
      if (item === undefined || other === undefined) continue;
      if (!items.has(fact.name))
        this.#suspect(fact.is === 'user' ? 'held is missing' : 'child without parent', item, other);
      else if (canFormRings(this.#plan)) keeping.add(fact.name, item, fact.isMarked === true);
    }
    const world = worldOf(this.#plan, [...items.values()], counters, children);
    for (const suspect of findSuspects(this.#plan, world, this.#circumstances)) {
      if (OF_MARKS.includes(suspect.problem)) this.suspicions.add(suspect);
    }
    for (const { key, item } of items.values()) {
      if (isMarkedItem(this.#plan, item)) this.#addMember(key, keeping.of(itemName(key)));
    }
  }

  #suspect(fault: RestViolation['fault'], item: ItemKey, other: ItemKey): void {
    this.suspicions.add({ problem: problemOf({ fault, item, other }), about: aboutOf(this.#plan, { item, other }) });
  }

  /** Beyond the limit no ring is looked for: those that are found first say what to do. */
  #addMember(key: ItemKey, children: readonly string[] | undefined): void {
    if (children === undefined || this.#memberNames + children.length > RING_MEMBERS_MAX) return;
    this.#memberNames += children.length;
    this.#members.push({ key, children });
  }

  async #comparePairs(read: () => AsyncIterable<Pair>): Promise<void> {
    const pairs = new Map<string, { pair: Pair; isAttached: boolean; isReferred: boolean }>();
    for await (const pair of read()) {
      const key = pairKey(pair);
      const seen = pairs.get(key) ?? { pair, isAttached: false, isReferred: false };
      pairs.set(key, seen);
      seen[pair.isAttached ? 'isAttached' : 'isReferred'] = true;
    }
    for (const { pair, isAttached, isReferred } of pairs.values()) {
      const about = aboutOf(this.#plan, { item: pair.item, other: pair.other });
      if (!isReferred) this.suspicions.add({ problem: 'stale attachment', about });
      if (!isAttached) this.suspicions.add({ problem: 'missing attachment', about });
    }
  }
}

/** What keeps each item, as far as all of that is marked. */
class Keeping {
  readonly #names = new Map<string, Set<string> | 'free'>();

  add(name: string, child: ItemKey, isMarked: boolean): void {
    const known = this.#names.get(name) ?? new Set();
    if (known === 'free' || !isMarked) this.#names.set(name, 'free');
    else this.#names.set(name, known.add(itemName(child)));
  }

  /** Undefined: nothing, or something that is not marked. */
  of(name: string): readonly string[] | undefined {
    const known = this.#names.get(name);
    return known === undefined || known === 'free' ? undefined : [...known];
  }
}

/** Problems of an item with its mark, its counter and its children. */
const OF_MARKS: readonly Problem[] = ['left counter', 'high counter', 'not deleted', 'no counter'];

/** What the checks of marks and counters look at: as many children as a counter says, and no more. */
function worldOf(
  plan: Plan,
  all: readonly ItemFact[],
  counters: ReadonlyMap<string, AuditedCounter>,
  children: ReadonlyMap<string, number>,
): AuditedWorld {
  const wanted = all.filter(({ key, item }) => isMarkedItem(plan, item) || counters.has(itemName(key)));
  const names = new Set([...counters.keys(), ...wanted.map(({ key }) => itemName(key))]);
  const living = [...names].flatMap((name) => {
    const { remaining } = counters.get(name) ?? {};
    const enough = Math.max(1, typeof remaining === 'number' ? remaining : 1);
    const count = Math.min(children.get(name) ?? 0, enough);
    return count > 0 ? [[name, count] as const] : [];
  });
  const items: Record<string, Told['item'][]> = {};
  for (const { key, item } of wanted) {
    const own = items[key.kind] ?? [];
    own.push({ ...attributesOf(plan, key), ...item });
    items[key.kind] = own;
  }
  return { items, attachments: [], counters: [...counters.values()], living: new Map(living) };
}

function pairKey({ item, other }: Pick<Pair, 'item' | 'other'>): string {
  return JSON.stringify([itemName(other), itemName(item)]);
}
