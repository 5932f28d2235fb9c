/** The world, its writers, its handlers and its faults as one state model for the checker. */
import { Canonical } from './canonical.ts';
import { type Broken, type Emit, FAULT, type StateModel, type Step, WRITER } from './checker.ts';
import { type Deliveries, endSweep, nextDeliveries, nextFaults } from './deliveries.ts';
import type { Request } from './handler.ts';
import { nextDeployments } from './learning.ts';
import { brokenAlways, brokenAtRest, isAtRest } from './promises.ts';
import { nextRequests } from './protocol.ts';
import { nextResets } from './reset.ts';
import { PROTOCOL_RULES, type Rules } from './rules.ts';
import type { Faults } from './settle.ts';
import * as S from './state.ts';
import { World } from './world.ts';
import { nextWrites, type Writers } from './writers.ts';

export interface Configuration extends S.Size, Writers, Deliveries, Faults {
  readonly name: string;
  /** What it is there to show. */
  readonly about: string;
  /**
   * A counter below this is not explored further: repeats and duplicates may lower it without end, and how far below zero
   * it is makes no difference but in the sum that a recount adds.
   */
  readonly remainingMin: number;
  /** What goes along in one transaction, at most. The others are left to the records of their own attachments. */
  readonly freedMax: number;
}

export class DrainModel implements StateModel {
  readonly layout: S.Layout;
  readonly configuration: Configuration;
  readonly rules: Rules;
  readonly words: number;
  readonly next: Uint32Array;
  broken: Broken | undefined;
  /** False: states are as the steps leave them, for whoever follows handlers by their places. */
  #isReduced: boolean;
  readonly #canonical: Canonical;
  readonly #now: World;
  readonly #then: World;
  readonly #rest: World;

  constructor(configuration: Configuration, rules: Rules = PROTOCOL_RULES, isReduced = true) {
    this.configuration = configuration;
    this.rules = rules;
    this.layout = new S.Layout(configuration);
    this.words = this.layout.words;
    this.#now = new World(this.layout, rules);
    this.#then = new World(this.layout, rules);
    this.#rest = new World(this.layout, rules);
    this.#then.hasRawServices = configuration.rawServices || this.layout.learns;
    this.#then.hasHeals = configuration.heals;
    this.#then.freedMax = configuration.freedMax;
    this.#then.losesHeals = configuration.drops && (configuration.leafDeletes || configuration.rawServices);
    this.next = this.#then.words;
    this.#isReduced = isReduced;
    this.#canonical = new Canonical(this.layout, rules, configuration.crashes);
  }

  /** Networks are there, and services are too, unmarked and empty, unless they are created by a writer. */
  initial(into: Uint32Array): void {
    const world = this.worldOf(new Uint32Array(this.words));
    const { services, networks } = this.layout.size;
    for (let p = 0; p < this.layout.parents; p++) world.set(p, S.ITEM, S.UNMARKED);
    for (let s = 0; s < services; s++) {
      world.bytes[this.layout.netsAt + s] = (1 << networks) - 1;
      if (!world.isDeclared(s)) continue;
      for (let n = 0; n < networks; n++) world.attach(services + n, s);
    }
    if (this.layout.learns) world.setLifecycle(S.DECLARED, this.layout.size.deployments[0] as number);
    into.set(world.words);
  }

  worldOf(state: Uint32Array): World {
    this.#rest.words.set(state);
    return this.#rest;
  }

  successors(state: Uint32Array, emit: Emit, protocolOnly: boolean): void {
    const { configuration: on } = this;
    const now = this.#now;
    const then = this.#then;
    now.words.set(state);
    const takeChange = (by: number, step: number, actor: number, parent: number, change: (world: World) => number) => {
      if (protocolOnly && by !== 0) return;
      then.words.set(now.words);
      then.broken = undefined;
      const detail = change(then);
      if (on.sweeps) endSweep(then);
      if (on.grace) then.passTime();
      this.broken = then.broken;
      if (this.#isReduced) this.#canonical.make(then);
      emit(by, step, actor, parent, detail);
    };
    for (let h = 0; h < this.layout.size.handlers; h++) {
      if (now.held(h, S.PC) === S.IDLE) continue;
      const parent = now.parentOf(h);
      nextRequests(now, h, on, (by, step, handler, request: Request) =>
        takeChange(by, step, handler, parent, (world) => request(world, handler)),
      );
    }
    nextDeliveries(now, on, takeChange);
    if (this.layout.learns) nextDeployments(now, takeChange);
    if (on.overwrites) nextResets(now, on, takeChange);
    if (protocolOnly) return;
    nextWrites(now, on, (step, parent, detail, write) =>
      takeChange(WRITER, step, -1, parent, (world) => {
        write(world);
        return detail;
      }),
    );
    nextFaults(now, on, (_, step, handler, parent, change) => takeChange(FAULT, step, handler, parent, change));
  }

  /** The state that stands for this one. */
  canonical(state: Uint32Array): Uint32Array {
    const world = new World(this.layout, this.rules);
    world.words.set(state);
    this.#canonical.make(world);
    return world.words;
  }

  /** Which place each handler of the state after had in the step: found by taking the step once more. */
  follow(before: Uint32Array, wanted: Omit<Step, 'by'>, after: Uint32Array): number[] {
    const isReduced = this.#isReduced;
    this.#isReduced = false;
    let found: number[] | undefined;
    const emit: Emit = (_, step, actor, parent, detail) => {
      const isWanted = step === wanted.step && actor === wanted.actor && parent === wanted.parent;
      if (found !== undefined || !isWanted || detail !== wanted.detail) return;
      const order = Array.from({ length: this.layout.size.handlers }, (_, place) => place);
      if (isReduced) this.#canonical.make(this.#then, order);
      if (this.next.every((word, i) => word === after[i])) found = order;
    };
    this.successors(before, emit, false);
    this.#isReduced = isReduced;
    if (found === undefined) throw new Error('no step leads from a state of the trace to the next one');
    return found;
  }

  isWithinBounds(state: Uint32Array): boolean {
    const world = this.worldOf(state);
    const { rawServices, undeliveredMax } = this.configuration;
    for (let p = 0; p < this.layout.parents; p++) {
      // Heal's removals are no writer's, who would wait: raw writes can make it remove without end.
      if ((rawServices || this.layout.learns) && world.get(p, S.UNCOUNTED) > undeliveredMax + this.layout.size.services)
        return false;
      const counter = world.get(p, S.COUNTER);
      if (counter !== 0 && counter - S.ZERO < this.configuration.remainingMin) return false;
      if (world.get(p, S.COUNTER_EPOCH) > S.COUNTED + COUNTED_EPOCHS_MAX) return false;
    }
    return true;
  }

  check(state: Uint32Array): Broken | undefined {
    const world = this.worldOf(state);
    const { drops } = this.configuration;
    const broken = brokenAlways(world);
    if (broken !== undefined || !isAtRest(world)) return broken;
    return brokenAtRest(world, drops ? 'L2' : 'L1', this.configuration);
  }

  isAtRest(state: Uint32Array): boolean {
    return isAtRest(this.worldOf(state));
  }
}

/** Only the mutant that counts its epochs has numbers, and its counterexamples need few. */
const COUNTED_EPOCHS_MAX = 4;
