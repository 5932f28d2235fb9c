/**
 * What will be deleted, in which order and what with what, once certain things have happened; and what will stay, and because
 * of whom. Pure, and decided with the very functions that the deallocator decides with.
 */
import { type Circumstances, findHold, goesAlong } from '../../protocol/decide.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import {
  attachmentName,
  KINDS,
  type MarkedParent,
  type Parent,
  parentName,
  sameUser,
  type UserKey,
  userName,
} from '../../protocol/model.ts';
import { isoNow } from '../../protocol/time.ts';
import { byName } from './cluster.ts';
import type { Neighbourhood } from './neighbourhood.ts';

/** Grace periods that end within one sweep's interval (its default) are taken to be found over by the same sweep. */
const SAME_SWEEP_MILLIS = 15 * 60 * 1000;

/** What is taken to happen: the tasks of a service go, or a sweep comes by. */
export type Assumption =
  | { readonly assume: 'tasks gone'; readonly service: string }
  /** `notBefore`: until then a grace period holds something; ISO 8601. Absent: the very next sweep will do. */
  | { readonly assume: 'sweep'; readonly notBefore?: string };

/** One transaction. */
export interface ForecastDeletion {
  /** Names such as `service#web` of what goes together, the one whose turn it is first. */
  readonly deleted: readonly string[];
  /** Names of the networks that it lets go of, and that stay for now. */
  readonly letsGoOf: readonly string[];
}

export interface ForecastStep {
  /** Absent: nothing has to happen first. It is on its way, or waits for the next sweep where a record was lost. */
  readonly after?: Assumption;
  /** In this order. Empty: this alone frees nothing. */
  readonly deletions: readonly ForecastDeletion[];
}

export type StayReason =
  | { readonly because: 'not marked' }
  | { readonly because: 'protected' }
  /** ISO 8601. */
  | { readonly because: 'grace period'; readonly until: string }
  /** At least so many, where `isExact` is false. */
  | { readonly because: 'tasks'; readonly tasks: number; readonly isExact: boolean }
  /** Names of the services that use it, or of tasks that hold it by themselves. */
  | { readonly because: 'used'; readonly by: readonly string[] }
  /** It is used by more services than were read. */
  | { readonly because: 'not all read' };

export interface ForecastStay {
  readonly object: string;
  /** None of these may be there for it to go. */
  readonly reasons: readonly StayReason[];
}

export interface Forecast {
  readonly steps: readonly ForecastStep[];
  /** What is still there after the last step, and is marked, or was let go of. */
  readonly stays: readonly ForecastStay[];
  /** False: not all of the neighbourhood was read, and some of it may happen otherwise. */
  readonly isWhole: boolean;
}

/**
 * What happens if nobody intervenes: the tasks of each marked service go, one service after the other, and the grace periods
 * end. What is protected is taken to stay so.
 */
export function expectedCourse(part: Neighbourhood, circumstances: Circumstances): Assumption[] {
  const marked = markedOf(part, circumstances);
  const draining = marked.filter(
    ({ key, isProtected }) => !isProtected && KINDS[key.kind].runsTasks && (part.tasks.get(key.id)?.count ?? 0) > 0,
  );
  return [
    ...draining.map(({ key }): Assumption => ({ assume: 'tasks gone', service: parentName(key) })),
    ...sweepsToCome(part, marked, circumstances),
  ];
}

/**
 * Exact for one assumption after the other, each with its consequences before the next. Where two services go at the same
 * moment it may be the other one of them that takes a network along, or the network goes by itself right after them.
 */
export function forecast(
  part: Neighbourhood,
  circumstances: Circumstances,
  assumptions: readonly Assumption[] = expectedCourse(part, circumstances),
): Forecast {
  const future = new Future(part, circumstances);
  const now = future.settle();
  const steps = assumptions.map((after) => {
    future.let(after);
    return { after, deletions: future.settle() };
  });
  return {
    steps: [...(now.length > 0 ? [{ deletions: now }] : []), ...steps],
    stays: future.stays(),
    isWhole: part.isWhole,
  };
}

/** Parents of the neighbourhood as the deallocator will read them once it has stamped the marks that lack their time. */
function markedOf(part: Neighbourhood, { nowEpochMillis }: Circumstances): MarkedParent[] {
  const stamp = isoNow({ nowEpochMillis: () => nowEpochMillis });
  const isThere = (parent: Parent | undefined) => parent !== undefined;
  return [...part.parents.values()]
    .filter(isThere)
    .flatMap((parent) =>
      parent.pendingDelete ? [{ ...parent, pendingDelete: true as const, markedAt: parent.markedAt ?? stamp }] : [],
    )
    .sort((a, b) => byName(a.key, b.key));
}

function sweepsToCome(part: Neighbourhood, marked: readonly MarkedParent[], circumstances: Circumstances) {
  const ends = marked
    .map((parent) => findHold(parent, circumstances))
    .flatMap((hold) => (hold?.because === 'grace period' ? [hold.untilEpochMillis] : []))
    .sort((a, b) => a - b);
  const sweeps: Assumption[] = [];
  for (let first = 0; first < ends.length; ) {
    const start = ends[first] as number;
    const together = ends.filter((end) => end >= start && end <= start + SAME_SWEEP_MILLIS);
    sweeps.push({ assume: 'sweep', notBefore: isoOf(together.at(-1) as number) });
    first += together.length;
  }
  if (sweeps.length > 0) return sweeps;
  const isStale = marked.some(({ key }) =>
    part.attached.get(key.id)?.users.some((user) => !refers(part, user, key.id)),
  );
  return isStale ? [{ assume: 'sweep' } as const] : [];
}

/** Whether a service that was looked at refers to a network. Of one that wasn't, or a task, its attachment is taken at its word. */
function refers(part: Neighbourhood, user: UserKey, networkId: string): boolean {
  if (user.kind === 'task') return true;
  const name = parentName(user);
  return !part.parents.has(name) || part.parents.get(name)?.references.includes(networkId) === true;
}

/** The neighbourhood, as it changes. */
class Future {
  readonly #part: Neighbourhood;
  #circumstances: Circumstances;
  readonly #parents: Map<string, Parent>;
  readonly #tasks: Map<string, number>;
  readonly #attached: Map<string, readonly UserKey[]>;
  readonly #letGo = new Set<string>();

  constructor(part: Neighbourhood, circumstances: Circumstances) {
    this.#part = part;
    this.#circumstances = circumstances;
    const there = [...part.parents].flatMap(([name, parent]) =>
      parent === undefined ? [] : [[name, parent] as const],
    );
    this.#parents = new Map(there);
    for (const parent of markedOf(part, circumstances)) this.#parents.set(parentName(parent.key), parent);
    this.#tasks = new Map([...part.tasks].map(([id, { count }]) => [id, count]));
    this.#attached = new Map([...part.attached].map(([id, { users }]) => [id, users]));
  }

  let(assumption: Assumption): void {
    if (assumption.assume === 'tasks gone') {
      const service = this.#parents.get(assumption.service);
      if (service === undefined) return;
      this.#tasks.set(service.key.id, 0);
      // With them go the attachments that they had by themselves.
      for (const [id, users] of this.#attached) {
        this.#attached.set(
          id,
          users.filter((user) => user.kind !== 'task' || user.serviceId !== service.key.id),
        );
      }
      return;
    }
    const { rules, nowEpochMillis } = this.#circumstances;
    const notBefore = assumption.notBefore === undefined ? nowEpochMillis : Date.parse(assumption.notBefore);
    this.#circumstances = { rules, nowEpochMillis: Math.max(nowEpochMillis, notBefore) };
    for (const { key } of this.#marked()) {
      const attached = this.#attached.get(key.id)?.filter((user) => refers(this.#part, user, key.id));
      if (attached !== undefined && key.kind === 'network') this.#attached.set(key.id, attached);
    }
  }

  /** Everything that can go now goes: services first, as a sweep does it. */
  settle(): ForecastDeletion[] {
    const deletions: ForecastDeletion[] = [];
    // Each round deletes a parent.
    for (;;) {
      const next = this.#marked().find((parent) => this.#isFree(parent));
      if (next === undefined) return deletions;
      deletions.push(this.#delete(next));
    }
  }

  stays(): ForecastStay[] {
    return [...this.#parents.values()]
      .filter((parent) => parent.pendingDelete || this.#letGo.has(parentName(parent.key)))
      .sort((a, b) => byName(a.key, b.key))
      .map((parent) => ({ object: parentName(parent.key), reasons: this.#reasons(parent) }));
  }

  #marked(): MarkedParent[] {
    const isGoing = (parent: Parent): parent is MarkedParent => parent.pendingDelete;
    return [...this.#parents.values()].filter(isGoing).sort((a, b) => byName(a.key, b.key));
  }

  #isFree(parent: MarkedParent): boolean {
    return findHold(parent, this.#circumstances) === undefined && this.#usedBecause(parent) === undefined;
  }

  /** What of its children keeps a parent. */
  #usedBecause({ key }: Parent): StayReason | undefined {
    if (KINDS[key.kind].runsTasks) {
      const tasks = this.#tasks.get(key.id);
      if (tasks === undefined) return { because: 'not all read' };
      // What was not counted is taken to go with what was.
      return tasks === 0
        ? undefined
        : { because: 'tasks', tasks, isExact: this.#part.tasks.get(key.id)?.isExact === true };
    }
    const users = this.#attached.get(key.id);
    if (users === undefined) return undefined;
    if (users.length > 0) return { because: 'used', by: users.map(userName) };
    return this.#part.attached.get(key.id)?.isWhole === false ? { because: 'not all read' } : undefined;
  }

  #delete(parent: MarkedParent): ForecastDeletion {
    const { refersTo } = KINDS[parent.key.kind];
    const networks = refersTo === undefined ? [] : parent.references.map((id) => ({ kind: refersTo, id }));
    const freed = networks.slice(0, NETWORKS_PER_SERVICE_MAX).filter((key) => {
      const attached = this.#part.attached.get(key.id)?.isWhole === false ? undefined : this.#attached.get(key.id);
      const network = this.#parents.get(parentName(key));
      return (
        attached !== undefined && goesAlong(network, attached.map(attachmentName), parent.key.id, this.#circumstances)
      );
    });
    const deleted = [parent.key, ...freed].map(parentName);
    for (const name of deleted) this.#parents.delete(name);
    const letsGoOf = networks.map(parentName).filter((name) => this.#parents.has(name));
    for (const name of letsGoOf) this.#letGo.add(name);
    // Those beyond what a transaction holds go right after it.
    for (const { id } of networks) {
      this.#attached.set(id, this.#attached.get(id)?.filter((user) => !sameUser(user, parent.key)) ?? []);
    }
    return { deleted, letsGoOf };
  }

  #reasons(parent: Parent): StayReason[] {
    const hold = parent.pendingDelete ? findHold(parent as MarkedParent, this.#circumstances) : undefined;
    const used = this.#usedBecause(parent);
    return [
      ...(parent.pendingDelete ? [] : [{ because: 'not marked' } as const]),
      ...(hold === undefined ? [] : [reasonOf(hold)]),
      ...(used === undefined ? [] : [used]),
    ];
  }
}

export function reasonOf(hold: NonNullable<ReturnType<typeof findHold>>): StayReason {
  return hold.because === 'protected' ? hold : { because: 'grace period', until: isoOf(hold.untilEpochMillis) };
}

function isoOf(epochMillis: number): string {
  return new Date(epochMillis).toISOString();
}
