/** Watches every step of a simulated world for a broken promise. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { checkAlways, checkRest, checkStep, type World } from '../../protocol/invariants.ts';
import type { Rules } from '../../protocol/rules.ts';
import { holdersOf } from '../../protocol/tables.ts';
import type { Violation } from '../../protocol/violations.ts';

type Parents = World['services'];

/** What the writers of a world may do to themselves: a broken promise that is excused is counted, and not told. */
export interface Excuses {
  /** Told of each step before its violations are. */
  learn(before: World, after: World): void;
  isExcused(violation: Violation, before: World, after: World): boolean;
  /** @param lost whether records were lost on the way */
  isExcusedAtRest(violation: Violation, lost: boolean): boolean;
}

/** What a world tells its watch. */
export interface Watcher {
  readonly violations: Violation[];
  readonly deletions: number;
  /** What went along with another. */
  readonly freed: number;
  readonly excused: number;
  /** Items that were told that their parent is to go. */
  readonly stopped: number;
  step(before: World, after: World, nowEpochMillis: number): void;
  always(world: World, unprocessed: (parent: ItemKey) => number): void;
  /** @param lost whether records were lost on the way */
  rest(world: World, lost: boolean, nowEpochMillis: number): void;
  /** @param counters that may be left */
  restBeforeSweep(world: World, counters: readonly string[], nowEpochMillis: number): void;
}

export class Watch implements Watcher {
  readonly violations: Violation[] = [];
  deletions = 0;
  freed = 0;
  excused = 0;
  /** Tasks that were told to stop. */
  stopped = 0;
  readonly #plan: Plan;
  readonly #rules: Rules;
  readonly #excuses: Excuses | undefined;
  readonly #isForeign: boolean;

  /** @param isForeign whether the writers are code of others */
  constructor(plan: Plan, rules: Rules, excuses?: Excuses, isForeign = false) {
    this.#plan = plan;
    this.#rules = rules;
    this.#excuses = excuses;
    this.#isForeign = isForeign;
  }

  step(before: World, after: World, nowEpochMillis: number): void {
    const gone = before.services.length > after.services.length || before.networks.length > after.networks.length;
    this.#excuses?.learn(before, after);
    if (this.#isForeign) this.#checkBirths(before, after);
    else if (before.tasks !== after.tasks) this.#checkStops(before, after);
    if (!gone && before.receipts?.length === after.receipts?.length) return;
    const services = goneOf(before.services, after.services).length;
    const networks = goneOf(before.networks, after.networks).length;
    this.deletions += services + networks;
    if (services > 0) this.freed += networks;
    for (const violation of checkStep(before, after, { plan: this.#plan, rules: this.#rules, nowEpochMillis })) {
      if (this.#excuses?.isExcused(violation, before, after) === true) this.excused++;
      else this.violations.push(violation);
    }
  }

  always(world: World, unprocessed: (parent: ItemKey) => number): void {
    if (world.counters.length > 0) this.violations.push(...checkAlways(world, unprocessed, this.#plan));
  }

  rest(world: World, lost: boolean, nowEpochMillis: number): void {
    for (const violation of checkRest(world, { plan: this.#plan, rules: this.#rules, nowEpochMillis })) {
      const isExcused = this.#excuses?.isExcusedAtRest(violation, lost) === true;
      if (isExcused || (lost && isLeftOfTask(violation, world))) this.excused++;
      else this.violations.push(violation);
    }
  }

  /**
   * No record was lost, but a sweep has died, or a request has outlived its sender. What that had opened is left, where the
   * parent had gone and its removal's record was done by then; the next sweep takes it away. All else is as it must be.
   */
  restBeforeSweep(world: World, counters: readonly string[], nowEpochMillis: number): void {
    for (const violation of checkRest(world, { plan: this.#plan, rules: this.#rules, nowEpochMillis })) {
      const isLeftCounter = violation.promise === 'S4' && counters.includes(violation.subject);
      if (isLeftCounter || this.#excuses?.isExcusedAtRest(violation, false) === true) this.excused++;
      else this.violations.push(violation);
    }
  }

  /** A task or a reference that comes when its parent is gone already: at rest it may be gone again, or its parent be there anew. */
  #checkBirths(before: World, after: World): void {
    const services = new Set(after.services.map(({ id }) => id));
    const known = new Set(before.tasks.map(nameOfTask));
    for (const task of after.tasks) {
      const subject = nameOfTask(task);
      if (known.has(subject) || services.has(task.serviceId)) continue;
      this.#tell('S1', subject, `${subject} was written, and its service ${task.serviceId} is not there`);
    }
    if (before.services === after.services && before.tasks === after.tasks) return;
    const networks = new Set(after.networks.map(({ id }) => id));
    const referred = new Set(this.#referencesIn(before).map(({ name }) => name));
    for (const { name, user, network } of this.#referencesIn(after)) {
      if (referred.has(name) || networks.has(network)) continue;
      this.#tell('S2', user, `${user} was written on network ${network}, which is not there`);
    }
  }

  #referencesIn(world: World) {
    return holdersOf(this.#plan, world).flatMap(({ key, held }) =>
      held.map(({ id: network }) => ({ name: `${itemName(key)} → ${network}`, user: itemName(key), network })),
    );
  }

  #tell(promise: Violation['promise'], subject: string, message: string): void {
    this.violations.push({ promise, subject, message });
  }

  /** A task is told to stop only while its service is marked: only the deallocator says so in these stories. */
  #checkStops(before: World, after: World): void {
    const wasTold = new Set(before.tasks.filter(isToldToStop).map(nameOfTask));
    for (const task of after.tasks) {
      if (!isToldToStop(task) || wasTold.has(nameOfTask(task))) continue;
      this.stopped++;
      const service = before.services.find(({ id }) => id === task.serviceId);
      if (service?.pendingDelete === true) continue;
      const subject = nameOfTask(task);
      this.violations.push({
        promise: 'S3',
        subject,
        message: `${subject} was told to stop, and its service is not marked`,
      });
    }
  }
}

/**
 * An attachment of a task whose removal's record was lost, to a network that is not marked: README, "the sweep takes them away
 * once their network is marked".
 */
function isLeftOfTask({ promise, subject }: Violation, { networks }: World): boolean {
  const [, networkId] = /^attachment#network#([^#]+)#task#/.exec(subject) ?? [];
  const network = networks.find(({ id }) => id === networkId);
  return promise === 'S4' && networkId !== undefined && network?.pendingDelete !== true;
}

function isToldToStop(task: World['tasks'][number]): boolean {
  return (task as { desiredState?: unknown }).desiredState === 'remove';
}

function nameOfTask({ serviceId, id }: World['tasks'][number]): string {
  return `task#${serviceId}#${id}`;
}

function goneOf(before: Parents, after: Parents): Parents {
  return before.filter(({ id }) => after.every((one) => one.id !== id));
}
