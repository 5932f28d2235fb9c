/** Picks what happens next in a simulated world: at random, or what is left to do once faults have stopped. */
import type { Choice } from './choices.ts';
import type { Dials } from './dials.ts';
import type { Process, Request } from './processes.ts';
import type { Scene } from './scene.ts';
import type { SimulatedWorld } from './simulated-world.ts';
import { isWrite, PAGE_ROWS_MAX, STATEMENT_FAULTS } from './wire.ts';

/** Share of all draws in which a process that waits goes on, or people do something new. In the rest a batch is handed out. */
const GO_ON = 0.6;
const ACT = 0.2;
const BATCH_RECORDS_AT_REST = 3;
const PAST_WRITES_MAX = 6;
const DELAY_MILLIS_MAX = 2_000;
const JUMPS_MILLIS = [1_000, 30_000, 90_000, 20 * 60_000, 61 * 60_000] as const;
/** That a request which is still on its way arrives now. */
const ARRIVES = 0.05;
/** Chance that a process that dies has a request on its way; that the request it waits for has been carried out. */
const LATE_AFTER_DEATH = 0.3;
const DIES_AFTER = 0.5;
const SWEEPS_AT_ONCE_MAX = 2;
/** Where batches gather: that one of fewer records goes on waiting. */
const GATHERS = 0.9;
const GATHERED_MIN = 4;
/** In how many ways a request may be carried out in part. */
const PARTS: Readonly<Record<string, number>> = {
  BatchGetItem: 1,
  BatchWriteItem: 1,
  BatchExecuteStatement: STATEMENT_FAULTS.length,
  ExecuteStatement: PAGE_ROWS_MAX,
};
/** Draws for which a process stands still: long enough for a whole deletion. */
const STALL_DRAWS_MAX = 60;

type Begun = readonly [Process, Request | number];

export class Scheduler {
  readonly #world: SimulatedWorld;
  readonly #dials: Dials;
  readonly #fraction: () => number;
  readonly #scene: Scene;
  #processes = 0;
  #draws = 0;
  /** Until which draw a process stands still. */
  readonly #stalled = new Map<number, number>();

  constructor(world: SimulatedWorld, plot: { readonly dials: Dials; readonly scene: Scene }, fraction: () => number) {
    this.#world = world;
    this.#dials = plot.dials;
    this.#scene = plot.scene;
    this.#fraction = fraction;
  }

  /** Undefined: the dice fell on something that can't be done now. */
  choose(): Choice | undefined {
    this.#draws++;
    const trouble = this.#trouble();
    if (trouble !== undefined) return trouble;
    const dice = this.#fraction();
    if (dice < GO_ON) {
      const begun = begunIn(this.#world).filter(([{ number }]) => (this.#stalled.get(number) ?? 0) < this.#draws);
      return begun.length > 0 ? this.#goOn(this.#pick(begun)) : undefined;
    }
    return dice < GO_ON + ACT ? this.#act() : this.#deliver();
  }

  #act(): Choice | undefined {
    const { crowded, writersMax, lostAnswers } = this.#dials;
    if (this.#running('writer') >= writersMax) return undefined;
    const action = this.#scene.draw(this.#world.tables.world(), this.#fraction);
    const loses = crowded && this.#scene.mayLose(action) && this.#is(lostAnswers);
    return { do: 'act', process: this.#next(), action, atOnce: crowded, loses };
  }

  #deliver(): Choice | undefined {
    const { lanes, processes, nowMillis } = this.#world;
    const { functionsMax, crowded, sweeps, raw, batchRecordsMax, gathers } = this.#dials;
    if (this.#is(sweeps) && this.#running('sweep') < SWEEPS_AT_ONCE_MAX) {
      return { do: 'sweep', process: this.#next(), full: raw && this.#is(0.3) };
    }
    const ready = processes.size - this.#running('writer') < functionsMax ? lanes.ready(nowMillis) : [];
    if (ready.length === 0) return undefined;
    const lane = this.#pick(ready);
    const waiting = lanes.waitingIn(lane);
    if (gathers && waiting > 0 && waiting < GATHERED_MIN && this.#is(GATHERS)) return undefined;
    const from = crowded && !gathers ? this.#below(waiting) : 0;
    return { do: 'deliver', process: this.#next(), lane, from, records: 1 + this.#below(batchRecordsMax) };
  }

  #goOn([process, what]: Begun): Choice | undefined {
    const dials = this.#dials;
    const number = process.number;
    if (this.#is(dials.stalls)) {
      this.#stalled.set(number, this.#draws + 1 + this.#below(STALL_DRAWS_MAX));
      return undefined;
    }
    if (this.#is(dials.crashes)) {
      if (typeof what !== 'number' && this.#is(DIES_AFTER)) return { do: 'die', process: number, request: what.number };
      return { do: 'crash', process: number, late: this.#isLate() };
    }
    if (process.role !== 'writer' && this.#is(dials.timeouts)) {
      return { do: 'time out', process: number, late: this.#isLate() };
    }
    if (typeof what === 'number') return { do: 'wake', process: number, timer: what };
    const request = what.number;
    if (!this.#scene.isSpared(what)) {
      if (this.#is(dials.throttled)) return { do: 'refuse', process: number, request, as: 'throttled' };
      if (this.#is(dials.serverErrors)) return { do: 'refuse', process: number, request, as: 'server error' };
      if (this.#is(dials.denied)) return { do: 'refuse', process: number, request, as: 'denied' };
      if (this.#is(dials.late)) return { do: 'hang', process: number, request };
      if (isWrite(what.operation)) {
        if (what.operation !== 'BatchExecuteStatement' && this.#is(dials.conflicts))
          return { do: 'refuse', process: number, request, as: 'conflict' };
        if (this.#is(dials.lostAnswers)) return { do: 'lose', process: number, request };
      }
    }
    const age = this.#is(dials.stale) ? 1 + this.#below(PAST_WRITES_MAX) : 0;
    const parts = PARTS[what.operation] ?? 0;
    const unprocessed = parts > 0 && this.#is(dials.unprocessed) ? 1 + this.#below(parts) : 0;
    return { do: 'send', process: number, request, age, unprocessed };
  }

  /** What the world does to everybody. */
  #trouble(): Choice | undefined {
    const { lanes, wire } = this.#world;
    const dials = this.#dials;
    if (wire.late.length > 0 && this.#is(ARRIVES)) {
      const { process, request } = this.#pick(wire.late);
      return { do: 'arrive', process, request };
    }
    if (lanes.formerCount > 0 && this.#is(dials.duplicates)) {
      const record = this.#below(lanes.formerCount);
      const ofTable = lanes.names().filter((name) => lanes.tableOf(name) === lanes.formerTable(record));
      return { do: 'duplicate', lane: this.#pick(ofTable), record, at: this.#below(3) };
    }
    const isAny = dials.reorders + dials.drops + dials.delays + dials.expirations > 0;
    const waiting = isAny ? lanes.waiting() : [];
    if (waiting.length > 0) {
      const { name, table, records } = this.#pick(waiting);
      if (this.#is(dials.reorders)) return { do: 'reorder', lane: name, record: this.#below(records) };
      if (this.#is(dials.drops)) return { do: 'drop', lane: name, record: this.#below(records) };
      if (this.#is(dials.delays)) return { do: 'delay', lane: name, millis: 1 + this.#below(DELAY_MILLIS_MAX) };
      if (this.#is(dials.expirations)) return { do: 'expire', table };
    }
    if (this.#is(dials.clockJumps)) return { do: 'jump', millis: this.#pick(JUMPS_MILLIS) };
    return undefined;
  }

  #running(role: Process['role']): number {
    let count = 0;
    for (const process of this.#world.processes.values()) if (process.role === role) count++;
    return count;
  }

  #next(): number {
    return ++this.#processes;
  }

  #isLate(): boolean {
    return this.#dials.late > 0 && this.#is(LATE_AFTER_DEATH);
  }

  #is(probability: number): boolean {
    return probability > 0 && this.#fraction() < probability;
  }

  #below(count: number): number {
    return Math.floor(this.#fraction() * count);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }
}

/** The processes that wait, for a request or at a pause. */
function begunIn(world: SimulatedWorld): Begun[] {
  const begun: Begun[] = [];
  for (const process of world.processes.values()) {
    for (const request of process.requests.values()) begun.push([process, request]);
    for (const timer of process.timers.keys()) begun.push([process, timer]);
  }
  return begun;
}

/** Process numbers of the time after the faults, far above those of a story. */
const REST_PROCESSES = 1_000_000;

/**
 * What is left, without a fault: what was on its way arrives, and then everybody goes on in any order. Undefined when nothing
 * is left.
 */
export function nextAtRest(world: SimulatedWorld, fraction: () => number): Choice | undefined {
  const [late] = world.wire.late;
  if (late !== undefined) return { do: 'arrive', process: late.process, request: late.request };
  const begun = begunIn(world);
  const ready = world.lanes.ready(world.nowMillis);
  const dice = Math.floor(fraction() * (begun.length + ready.length));
  const lane = ready[dice - begun.length];
  if (lane !== undefined) {
    return {
      do: 'deliver',
      process: REST_PROCESSES + world.exercised.of('steps'),
      lane,
      from: 0,
      records: BATCH_RECORDS_AT_REST,
    };
  }
  const [process, what] = begun[dice] ?? [];
  if (process === undefined || what === undefined) return undefined;
  if (typeof what === 'number') return { do: 'wake', process: process.number, timer: what };
  return { do: 'send', process: process.number, request: what.number, age: 0, unprocessed: 0 };
}

export function sweepAtRest(sweeps: number): number {
  return REST_PROCESSES * 2 + sweeps;
}
