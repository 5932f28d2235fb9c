/**
 * Follows a run of the real protocol code in the model: after each request it holds every state that the model may be in. A
 * request that the model doesn't allow there, or that leaves another world behind, leaves none.
 */
import type { World as Tables } from '../../lib/protocol/invariants.ts';
import { networksOf } from '../support/swarmkit.ts';
import { nameOf } from './handler.ts';
import type { DrainModel } from './model.ts';
import { OUTCOME_NAMES, STEP, type StepName } from './names.ts';
import * as S from './state.ts';
import { World } from './world.ts';

/** Records that no function has begun to work on, by the name of their parent. */
export interface Undelivered {
  readonly uncounted: number;
  readonly bits: number;
  readonly heals: number;
}

export interface Observation {
  readonly tables: Tables;
  readonly undelivered: ReadonlyMap<string, Undelivered>;
}

interface Candidate {
  readonly state: Uint32Array;
  /** The place of each actor's handler; -1 where it has returned. */
  readonly places: ReadonlyMap<string, number>;
}

/** More would say that the model guesses instead of following. */
const CANDIDATES_MAX = 1000;

export class Follower {
  readonly #model: DrainModel;
  #candidates: Candidate[];

  constructor(model: DrainModel, start: Observation) {
    this.#model = model;
    const world = new World(model.layout, model.rules);
    observe(world, start);
    this.#candidates = [{ state: world.words, places: new Map() }];
  }

  /** A step of a writer, of a handler (`actor`), or of the world. False: the model doesn't know it. */
  follow(
    step: StepName,
    about: string | undefined,
    actor: string | undefined,
    after: Observation,
    outcome?: string,
  ): boolean {
    const seen = new World(this.#model.layout, this.#model.rules);
    observe(seen, after);
    const next = new Map<string, Candidate>();
    for (const { state, places } of this.#candidates) {
      const place = actor === undefined ? undefined : places.get(actor);
      if (place === -1) continue;
      this.#model.successors(
        state,
        (_, taken, at, parent, detail) => {
          if (taken !== STEP[step] || !this.#isOutcome(outcome, step, detail)) return;
          if (about !== undefined && nameOf(this.#model.layout, parent) !== about) return;
          if (place !== undefined && at !== place) return;
          // A new actor begins with a handler of its own, or ends at once.
          if (actor !== undefined && place === undefined && at >= 0 && isBusy(state, at, this.#model)) return;
          if (!isSame(seen, this.#model.next)) return;
          const reached = this.#model.next.slice();
          const moved = new Map(places);
          if (actor !== undefined) moved.set(actor, at >= 0 && isBusy(reached, at, this.#model) ? at : -1);
          if (step === 'crash' && actor !== undefined) moved.delete(actor);
          next.set(`${reached.join()}|${[...moved].join()}`, { state: reached, places: moved });
        },
        false,
      );
      // A record that comes again finds no counter: nothing to do, and nothing that the model would call a step.
      const isIdleLook = step === 'findDraining' && place === undefined && actor !== undefined;
      if (isIdleLook && isSame(seen, state) && !hasCounter(after.tables, about)) {
        next.set(`${state.join()}|idle`, { state, places: new Map(places).set(actor, -1) });
      }
    }
    this.#candidates = [...next.values()].slice(0, CANDIDATES_MAX);
    return this.#candidates.length > 0;
  }

  /** Whether the actor's handler has taken its last step. It may be neither, if the model can't tell. */
  hasReturned(actor: string): boolean {
    return this.#candidates.every(({ places }) => (places.get(actor) ?? -1) === -1);
  }

  mayHaveReturned(actor: string): boolean {
    return this.#candidates.some(({ places }) => (places.get(actor) ?? -1) === -1);
  }

  /** The real one has returned: the states in which it hadn't were none of its. */
  returned(actor: string): boolean {
    this.#candidates = this.#candidates.filter(({ places }) => (places.get(actor) ?? -1) === -1);
    return this.#candidates.length > 0;
  }

  #isOutcome(outcome: string | undefined, step: StepName, detail: number): boolean {
    const isNetworks = step === 'createService' || step === 'updateService';
    return isNetworks || outcome === undefined || OUTCOME_NAMES[detail] === outcome;
  }
}

function isBusy(state: Uint32Array, place: number, model: DrainModel): boolean {
  const bytes = new Uint8Array(state.buffer, state.byteOffset, state.length * 4);
  return bytes[model.layout.handlerAt(place) + S.PC] !== S.IDLE;
}

function hasCounter(tables: Tables, parent: string | undefined): boolean {
  return tables.counters.some(({ id }) => id === parent);
}

/** The world's bytes: all but the handlers', and but what only tells values of one kind from each other. */
function isSame(seen: World, state: Uint32Array): boolean {
  const { layout } = seen;
  const bytes = new Uint8Array(state.buffer, state.byteOffset, state.length * 4);
  for (let at = layout.parentsAt; at < layout.attachedAt + layout.size.networks; at++) {
    const field = at < layout.netsAt ? (at - layout.parentsAt) % S.PARENT_BYTES : -1;
    if (field !== S.COUNTER_EPOCH && bytes[at] !== seen.bytes[at]) return false;
  }
  return true;
}

/** The real world in the model's terms. */
function observe(world: World, { tables, undelivered }: Observation): void {
  const { layout } = world;
  const { services } = layout.size;
  const idOf = (parent: number) => nameOf(layout, parent).split('#')[1] as string;
  for (let p = 0; p < layout.parents; p++) {
    const name = nameOf(layout, p);
    const item = (layout.isService(p) ? tables.services : tables.networks).find(({ id }) => id === idOf(p));
    const isMarked = item?.pendingDelete === true;
    const hasTime = item?.markedAt !== undefined;
    const unmarked = hasTime ? S.LEFTOVER : S.UNMARKED;
    world.set(p, S.ITEM, item === undefined ? S.ABSENT : isMarked ? (hasTime ? S.MARKED : S.UNTIMED) : unmarked);
    const counter = tables.counters.find(({ id }) => id === name);
    if (counter !== undefined) world.set(p, S.COUNTER, S.ZERO + counter.remaining);
    const waiting = undelivered.get(name);
    world.set(p, S.UNCOUNTED, waiting?.uncounted ?? 0);
    world.set(p, S.RECORDS, waiting?.bits ?? 0);
    if (!layout.isService(p)) continue;
    world.bytes[layout.healsAt + p] = waiting?.heals ?? 0;
    const tasks = tables.tasks.filter(({ serviceId }) => serviceId === idOf(p)).length;
    world.bytes[layout.tasksAt + p] = (1 << tasks) - 1;
    world.bytes[layout.netsAt + p] = maskOf(layout, item === undefined ? [] : networksOf(item));
  }
  for (const { held, holder } of tables.attachments) {
    const s = Array.from({ length: services }, (_, i) => i).find((i) => nameOf(layout, i) === holder);
    const w = Array.from({ length: layout.parents }, (_, i) => i).find((i) => nameOf(layout, i) === held);
    if (s !== undefined && w !== undefined) world.attach(w, s);
  }
}

export function maskOf(layout: S.Layout, networks: readonly string[]): number {
  let mask = 0;
  for (let n = 0; n < layout.size.networks; n++) {
    if (networks.includes(nameOf(layout, layout.size.services + n).split('#')[1] as string)) mask |= 1 << n;
  }
  return mask;
}
