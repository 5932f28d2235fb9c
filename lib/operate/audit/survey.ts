/**
 * The first look of an audit: each table is read once, and what looks wrong is told by its ids. Parents meet their children,
 * counters and users, and references their attachments, in partitions: so the memory it takes does not grow with the tables.
 */
import { isOwnItem } from '../../dynamodb/schema.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { kindRules, type ParentKind, parseHeldName, parseParentName, referredTo } from '../../protocol/model.ts';
import { swarmkitPlan } from '../../protocol/rules.ts';
import { factsOf, holdersOf } from '../../protocol/tables.ts';
import { type Suspicion, suspectKey } from './findings.ts';
import { Partitions } from './partitions.ts';
import { PROBLEMS, type Problem } from './problems.ts';
import type { AuditedPage } from './reader.ts';
import { findSuspects, oddAttachments, oddCounters, oddParents } from './suspects.ts';
import { type About, type AuditedCounter, type AuditedParent, type AuditedWorld, pairIn, pairOf } from './world.ts';

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

/** What a parent's partition holds of it and of what belongs to it. */
type ParentFact = { readonly is: 'parent'; readonly kind: ParentKind; readonly parent: AuditedParent };
type Fact =
  | ParentFact
  | { readonly is: 'counter'; readonly counter: AuditedCounter }
  | { readonly is: 'child'; readonly name: string; readonly about?: About }
  | { readonly is: 'user'; readonly name: string; readonly about: About };

/** An attachment, or a reference that needs one. */
type Pair = About & { readonly isAttached: boolean };

export class Survey {
  readonly suspicions = new Suspicions();
  readonly #circumstances: Circumstances;
  readonly #facts: Partitions<Fact>;
  readonly #pairs: Partitions<Pair>;

  constructor(circumstances: Circumstances, heldCharactersMax?: number) {
    this.#circumstances = circumstances;
    this.#facts = new Partitions(heldCharactersMax);
    this.#pairs = new Partitions(heldCharactersMax);
  }

  /** Takes what one page holds. */
  async take({ table, items }: AuditedPage): Promise<void> {
    const plan = swarmkitPlan(this.#circumstances.rules);
    switch (table) {
      case 'services':
      case 'networks': {
        const kind = table === 'services' ? 'service' : 'network';
        this.#takeParents(kind, items);
        if (kindRules(kind).refersTo !== undefined) this.#takeUsers(holdersOf({ services: items }, plan));
        break;
      }
      case 'tasks':
        for (const task of items) {
          if (factsOf(plan, 'task', task).isGone) continue;
          const name = itemName({ kind: 'service', id: task.serviceId });
          this.#facts.add(name, { is: 'child', name, about: { service: task.serviceId, task: task.id } });
        }
        this.#takeUsers(holdersOf({ tasks: items }, plan));
        break;
      case 'attachments':
        for (const attachment of items) {
          const { held } = attachment;
          if (parseHeldName(held)) this.#facts.add(held, { is: 'child', name: held });
          for (const odd of oddAttachments(attachment)) this.suspicions.add(odd);
          const pair = pairIn(attachment);
          if (pair) this.#addPair(pair, true);
        }
        break;
      default:
        for (const counter of items) {
          if (isOwnItem(counter.id)) continue;
          for (const odd of oddCounters(counter)) this.suspicions.add(odd);
          this.#facts.add(counter.id, { is: 'counter', counter });
        }
    }
    await Promise.all([this.#facts.room(), this.#pairs.room()]);
  }

  /** Once all pages are taken. */
  async conclude(signal?: AbortSignal): Promise<void> {
    for (const read of this.#facts.all()) {
      signal?.throwIfAborted();
      await this.#compareParents(read);
    }
    for (const read of this.#pairs.all()) {
      signal?.throwIfAborted();
      await this.#comparePairs(read);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#facts.close(), this.#pairs.close()]);
  }

  #takeParents(kind: ParentKind, parents: readonly AuditedParent[]): void {
    for (const odd of oddParents(kind, parents)) this.suspicions.add(odd);
    for (const { id, pendingDelete, markedAt, protected: shield } of parents) {
      const mark = pendingDelete === true ? { pendingDelete, markedAt, protected: shield } : {};
      this.#facts.add(itemName({ kind, id }), { is: 'parent', kind, parent: { id, ...mark } });
    }
  }

  #takeUsers(users: ReturnType<typeof holdersOf>): void {
    for (const { key, held } of users) {
      for (const { id: network } of held) {
        const name = itemName(referredTo(network));
        const about = pairOf(key, network);
        this.#facts.add(name, { is: 'user', name, about });
        this.#addPair(about, false);
      }
    }
  }

  #addPair(about: About, isAttached: boolean): void {
    this.#pairs.add(pairKey(about), { ...about, isAttached });
  }

  async #compareParents(read: () => AsyncIterable<Fact>): Promise<void> {
    const parents = new Map<string, ParentFact>();
    const counters = new Map<string, AuditedCounter>();
    for await (const fact of read()) {
      if (fact.is === 'parent') parents.set(itemName({ kind: fact.kind, id: fact.parent.id }), fact);
      if (fact.is === 'counter') counters.set(fact.counter.id, fact.counter);
    }
    const children = new Map<string, number>();
    for await (const fact of read()) {
      if (fact.is === 'user' && !parents.has(fact.name)) {
        this.suspicions.add({ problem: 'missing network', about: fact.about });
      }
      if (fact.is !== 'child') continue;
      children.set(fact.name, (children.get(fact.name) ?? 0) + 1);
      if (fact.about && !parents.has(fact.name)) this.suspicions.add({ problem: 'orphan task', about: fact.about });
    }
    const world = worldOf([...parents.values()], counters, children);
    for (const suspect of findSuspects(world, this.#circumstances)) {
      if (OF_PARENTS.includes(suspect.problem)) this.suspicions.add(suspect);
    }
  }

  async #comparePairs(read: () => AsyncIterable<Pair>): Promise<void> {
    const pairs = new Map<string, { about: About; isAttached: boolean; isReferred: boolean }>();
    for await (const { isAttached, ...about } of read()) {
      const key = pairKey(about);
      const pair = pairs.get(key) ?? { about, isAttached: false, isReferred: false };
      pairs.set(key, pair);
      pair[isAttached ? 'isAttached' : 'isReferred'] = true;
    }
    for (const { about, isAttached, isReferred } of pairs.values()) {
      if (!isReferred) this.suspicions.add({ problem: 'stale attachment', about });
      if (!isAttached) this.suspicions.add({ problem: 'missing attachment', about });
    }
  }
}

/** Problems of a parent with its mark, its counter and its children. */
const OF_PARENTS: readonly Problem[] = ['left counter', 'high counter', 'not deleted', 'no counter'];

/** What the checks of marks and counters look at: as many children as a counter says, and no more. */
function worldOf(
  parents: readonly ParentFact[],
  counters: ReadonlyMap<string, AuditedCounter>,
  children: ReadonlyMap<string, number>,
): AuditedWorld {
  const named = parents.map((fact) => [itemName({ kind: fact.kind, id: fact.parent.id }), fact] as const);
  const wanted = named.filter(([name, { parent }]) => parent.pendingDelete === true || counters.has(name));
  const names = new Set([...counters.keys(), ...wanted.map(([name]) => name)]);
  const childrenOf = <T>(kind: ParentKind, make: (id: string) => T): T[] =>
    [...names].flatMap((name) => {
      const key = parseParentName(name);
      const { remaining } = counters.get(name) ?? {};
      const enough = Math.max(1, typeof remaining === 'number' ? remaining : 1);
      const count = Math.min(children.get(name) ?? 0, enough);
      return key?.kind === kind && count > 0 ? Array<T>(count).fill(make(key.id)) : [];
    });
  const parentsOf = (kind: ParentKind) => wanted.flatMap(([, fact]) => (fact.kind === kind ? [fact.parent] : []));
  return {
    services: parentsOf('service'),
    networks: parentsOf('network'),
    tasks: childrenOf('service', (serviceId) => ({ serviceId, id: '' })),
    attachments: childrenOf('network', (id) => ({ held: itemName(referredTo(id)), holder: '' })),
    counters: [...counters.values()],
  };
}

function pairKey({ network, service, task }: About): string {
  return JSON.stringify([network, service, task]);
}
