/**
 * What will be deleted, in which order and together with what, once certain things have happened; and what will stay, and why.
 * A pure function, which decides with the deallocator's own functions.
 */

import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import { type Circumstances, findHold, goesAlong } from '../../protocol/decide.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import { isMarked, kindRules, type MarkedParent, type Parent, taskParts } from '../../protocol/model.ts';
import { byName, isUnreadable } from './cluster.ts';
import type { Neighbourhood } from './neighbourhood.ts';

/** One sweep is expected to find over all grace periods that end within one interval of sweeps (the default one). */
const SAME_SWEEP_MILLIS = 15 * 60 * 1000;

/** What is expected to happen: the tasks of a service go, or a sweep runs. */
export type Assumption =
  | {
      readonly assume: 'tasks gone';
      /** Its name, such as `service#web`. */
      readonly service: string;
    }
  | {
      readonly assume: 'sweep';
      /** The end of a grace period, ISO 8601. Absent: the next sweep will do. */
      readonly notBefore?: string;
    };

/** One transaction. */
export interface ForecastDeletion {
  /** Names such as `service#web` of what goes together; the first is the one whose turn it is. */
  readonly deleted: readonly string[];
  /** Names of networks that it used and that stay for now. */
  readonly letsGoOf: readonly string[];
}

/** What goes after one thing has happened. */
export interface ForecastStep {
  /** Absent: nothing has to happen first. The deletions are on their way, or a record was lost and the next sweep does them. */
  readonly after?: Assumption;
  /** In this order. Empty: this alone deletes nothing. */
  readonly deletions: readonly ForecastDeletion[];
}

/** Why an object stays. */
export type StayReason =
  | { readonly because: 'not marked' }
  | { readonly because: 'protected' }
  /** Its users are being counted, since some of them are older than the declaration that they hold it. */
  | {
      readonly because: 'learning';
      /** When a sweep began with that, milliseconds since 1970. Absent: none has yet. */
      readonly sinceEpochMillis?: number;
    }
  | {
      readonly because: 'grace period';
      /** Its end, ISO 8601. */
      readonly until: string;
    }
  | {
      readonly because: 'tasks';
      /** How many of its tasks are left; a lower bound where `isExact` is false. */
      readonly tasks: number;
      /** Whether all of them were counted. */
      readonly isExact: boolean;
    }
  | {
      readonly because: 'used';
      /** Names of the services, or tasks, that use it. */
      readonly by: readonly string[];
    }
  /** It has more users than were read. */
  | { readonly because: 'not all read' }
  /** A raw writer has overwritten its counter, so nothing is decided about it until that is repaired. */
  | { readonly because: 'unreadable counter' };

/** What is still there in the end, and why. */
export interface ForecastStay {
  /** Its name, such as `network#front`. */
  readonly object: string;
  /** It goes once none of these is left. */
  readonly reasons: readonly StayReason[];
}

/** What will go, in which order, and what will stay. */
export interface Forecast {
  /** One after the other, each once what it waits for has happened. */
  readonly steps: readonly ForecastStep[];
  /** What is still there after the last step, and is marked or has lost a user. */
  readonly stays: readonly ForecastStay[];
  /** False: not all of the neighbourhood was read, and things may happen otherwise. */
  readonly isWhole: boolean;
}

/**
 * What happens without intervention: the tasks of each marked service go, one service after the other, and grace periods end.
 * Protected objects stay protected.
 */
export function expectedCourse(part: Neighbourhood, circumstances: Circumstances): Assumption[] {
  const marked = new Future(part, circumstances).marked();
  const draining = marked.filter(
    ({ key, isProtected }) =>
      !isProtected &&
      !isUnreadable(part.counters?.get(itemName(key))) &&
      kindRules(key.kind).runsTasks &&
      (part.tasks.get(key.id)?.count ?? 0) > 0,
  );
  return [
    ...draining.map(({ key }): Assumption => ({ assume: 'tasks gone', service: itemName(key) })),
    ...sweepsToCome(part, marked, circumstances),
  ];
}

/**
 * Exact where the assumptions come true one after the other, each with its consequences before the next. If two services go at
 * the same moment, the other one may take a network along, or the network goes by itself right after them.
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

/** Whether a user refers to the network. The attachment of a task, or of a service that was not read, is believed. */
function refers(part: Neighbourhood, user: ItemKey, networkId: string): boolean {
  if (user.kind === 'task') return true;
  const name = itemName(user);
  return !part.parents.has(name) || part.parents.get(name)?.held.some(({ id }) => id === networkId) === true;
}

/** The neighbourhood, as it changes. */
class Future {
  readonly #part: Neighbourhood;
  #circumstances: Circumstances;
  readonly #parents = new Map<string, Parent>();
  readonly #tasks: Map<string, number>;
  readonly #attached: Map<string, readonly ItemKey[]>;
  readonly #letGo = new Set<string>();

  constructor(part: Neighbourhood, circumstances: Circumstances) {
    this.#part = part;
    this.#circumstances = circumstances;
    // The deallocator will stamp the marks that lack a time.
    const stamp = isoOf(circumstances.nowEpochMillis);
    for (const [name, parent] of part.parents) {
      if (parent === undefined) continue;
      const markedAt = parent.pendingDelete ? (parent.markedAt ?? stamp) : parent.markedAt;
      this.#parents.set(name, { ...parent, markedAt });
    }
    this.#tasks = new Map([...part.tasks].map(([id, { count }]) => [id, count]));
    this.#attached = new Map([...part.attached].map(([id, { users }]) => [id, users]));
  }

  let(assumption: Assumption): void {
    if (assumption.assume === 'tasks gone') {
      const service = this.#parents.get(assumption.service);
      if (service === undefined) return;
      this.#tasks.set(service.key.id, 0);
      // The tasks' own attachments go with them.
      for (const [id, users] of this.#attached) {
        this.#attached.set(
          id,
          users.filter((user) => user.kind !== 'task' || taskParts(user).serviceId !== service.key.id),
        );
      }
      return;
    }
    const { rules, nowEpochMillis } = this.#circumstances;
    const notBefore = assumption.notBefore === undefined ? nowEpochMillis : Date.parse(assumption.notBefore);
    this.#circumstances = { rules, nowEpochMillis: Math.max(nowEpochMillis, notBefore) };
    for (const { key } of this.marked()) {
      const attached = this.#attached.get(key.id)?.filter((user) => refers(this.#part, user, key.id));
      if (attached !== undefined && key.kind === 'network') this.#attached.set(key.id, attached);
    }
  }

  /** Deletes everything that can go now: services first, as a sweep does. What goes frees only what comes after it. */
  settle(): ForecastDeletion[] {
    const deletions: ForecastDeletion[] = [];
    for (const parent of this.marked()) {
      const isThere = this.#parents.has(itemName(parent.key));
      if (isThere && this.#reasons(parent).length === 0) deletions.push(this.#delete(parent));
    }
    return deletions;
  }

  stays(): ForecastStay[] {
    return [...this.#parents.values()]
      .filter((parent) => parent.pendingDelete || this.#letGo.has(itemName(parent.key)))
      .sort((a, b) => byName(a.key, b.key))
      .map((parent) => ({ object: itemName(parent.key), reasons: this.#reasons(parent) }));
  }

  marked(): MarkedParent[] {
    return [...this.#parents.values()].filter(isMarked).sort((a, b) => byName(a.key, b.key));
  }

  /** The children that keep a parent. */
  #usedBecause({ key }: Parent): StayReason | undefined {
    if (kindRules(key.kind).runsTasks) {
      const tasks = this.#tasks.get(key.id);
      if (tasks === undefined) return { because: 'not all read' };
      // Tasks that were not counted are expected to go with those that were.
      return tasks === 0
        ? undefined
        : { because: 'tasks', tasks, isExact: this.#part.tasks.get(key.id)?.isExact === true };
    }
    const users = this.#attached.get(key.id);
    if (users === undefined) return undefined;
    if (users.length > 0) return { because: 'used', by: users.map(itemName) };
    return this.#part.attached.get(key.id)?.isWhole === false ? { because: 'not all read' } : undefined;
  }

  #delete(parent: MarkedParent): ForecastDeletion {
    const networks = parent.held;
    const freed = networks.slice(0, NETWORKS_PER_SERVICE_MAX).filter((key) => {
      const attached = this.#part.attached.get(key.id)?.isWhole === false ? undefined : this.#attached.get(key.id);
      const network = this.#parents.get(itemName(key));
      return attached !== undefined && goesAlong(network, attached.map(itemName), parent.key, this.#circumstances);
    });
    const deleted = [parent.key, ...freed].map(itemName);
    for (const name of deleted) this.#parents.delete(name);
    const letsGoOf = networks.map(itemName).filter((name) => this.#parents.has(name));
    for (const name of letsGoOf) this.#letGo.add(name);
    // Attachments beyond what a transaction holds go right after it.
    for (const { id } of networks) {
      this.#attached.set(id, this.#attached.get(id)?.filter((user) => !sameItem(user, parent.key)) ?? []);
    }
    return { deleted, letsGoOf };
  }

  #reasons(parent: Parent): StayReason[] {
    const hold = parent.pendingDelete ? findHold(parent as MarkedParent, this.#circumstances) : undefined;
    const used = this.#usedBecause(parent);
    const isStuck = parent.pendingDelete && isUnreadable(this.#part.counters?.get(itemName(parent.key)));
    return [
      ...(parent.pendingDelete ? [] : [{ because: 'not marked' } as const]),
      ...(isStuck ? [{ because: 'unreadable counter' } as const] : []),
      ...(hold === undefined ? [] : [reasonOf(hold)]),
      ...(used === undefined ? [] : [used]),
    ];
  }
}

/** What holds an object, as reports tell it. */
export function reasonOf(hold: NonNullable<ReturnType<typeof findHold>>): StayReason {
  if (hold.because === 'grace period') return { because: 'grace period', until: isoOf(hold.untilEpochMillis) };
  return hold;
}

function isoOf(epochMillis: number): string {
  return new Date(epochMillis).toISOString();
}
