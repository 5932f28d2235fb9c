/**
 * An explicit-state checker: breadth first, so that a counterexample is as short as one can be. States are fixed-size and
 * live as 32-bit words in one array; an open-addressing table finds them again. It knows nothing of the protocol.
 */
import type { Promised } from '../../lib/protocol/violations.ts';

/** Who takes a step decides what it proves: only the protocol's own steps must come to an end (L4). */
export const PROTOCOL = 0;
export const WRITER = 1;
export const FAULT = 2;

/** `restrict`: a removal is refused while something that is not marked uses its object. */
export type ModelPromise = Promised | 'restrict';

export interface Broken {
  readonly promise: ModelPromise;
  readonly message: string;
}

/** Takes a step that leads to the state in `next`. `actor` is a handler's place, or -1; `detail` the step's own business. */
export type Emit = (by: number, step: number, actor: number, parent: number, detail: number) => void;

export interface StateModel {
  readonly words: number;
  /** Where the model writes the state that it emits. The checker reads it at once. */
  readonly next: Uint32Array;
  /** Set while emitting, when the step itself breaks a promise. */
  broken: Broken | undefined;
  initial(into: Uint32Array): void;
  /** `protocolOnly`: leaves the writers and the faults out. */
  successors(state: Uint32Array, emit: Emit, protocolOnly: boolean): void;
  /** False for a state beyond the model's stated bounds: it is left out. */
  isWithinBounds(state: Uint32Array): boolean;
  /** What the state itself breaks. */
  check(state: Uint32Array): Broken | undefined;
  isAtRest(state: Uint32Array): boolean;
}

export interface Step {
  readonly by: number;
  readonly step: number;
  readonly actor: number;
  readonly parent: number;
  readonly detail: number;
}

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  readonly atRest: number;
  /** Transitions that left the bounds. */
  readonly beyond: number;
  readonly depth: number;
  readonly seconds: number;
  /** False: the limit on states stopped it. That is a failure, never a pass. */
  readonly complete: boolean;
  readonly broken: Broken | undefined;
  /** From the first state to the broken promise: each state with the step that led to it. */
  readonly trace: readonly { readonly step: Step | undefined; readonly state: Uint32Array }[];
}

export interface Exploring {
  readonly statesMax: number;
  /** Also proves that no schedule of the protocol's own steps goes round for ever. */
  readonly acyclic: boolean;
  readonly onProgress?: (states: number, explored: number) => void;
  /** Called with each state at rest; a sample of them is checked by other means. */
  readonly onRest?: (state: Uint32Array) => void;
}

const PROGRESS_STATES = 50_000;

export function explore(model: StateModel, options: Exploring): Explored {
  const startedAt = performance.now();
  const { words, next } = model;
  const { statesMax } = options;
  const slots = 2 ** Math.ceil(Math.log2(statesMax * 1.5));
  const table = new Int32Array(slots); // 1 + the index of the state, 0 where empty
  const arena = new Uint32Array(statesMax * words);
  const cameFrom = new Int32Array(statesMax);
  const arrivals = options.acyclic ? new Uint16Array(statesMax) : undefined;
  const state = new Uint32Array(words);
  let count = 0;
  let transitions = 0;
  let atRest = 0;
  let beyond = 0;
  let complete = true;
  let broken: Broken | undefined;
  let brokenBy: { from: number; step: Step; state: Uint32Array } | undefined;
  let exploring = 0;
  let depth = 0;

  /** The place of a state in the table: its own, or the empty one where it belongs. */
  const locate = (of: Uint32Array): number => {
    let hash = 0;
    for (let i = 0; i < words; i++) {
      hash = Math.imul(hash ^ (of[i] as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let place = (hash >>> 0) & (slots - 1);
    for (;;) {
      const index = (table[place] as number) - 1;
      if (index < 0) return place;
      const at = index * words;
      let i = 0;
      while (i < words && arena[at + i] === of[i]) i++;
      if (i === words) return place;
      place = (place + 1) & (slots - 1);
    }
  };

  /** The index of a state, which is new if it is the last one; -1 where there is no room for it. */
  const add = (of: Uint32Array, from: number): number => {
    const place = locate(of);
    const known = (table[place] as number) - 1;
    if (known >= 0) return known;
    if (count === statesMax) {
      complete = false;
      return -1;
    }
    arena.set(of, count * words);
    cameFrom[count] = from;
    table[place] = ++count;
    return count - 1;
  };

  const emit: Emit = (by, step, actor, parent, detail) => {
    if (broken !== undefined) return;
    transitions++;
    if (model.broken !== undefined) {
      broken = model.broken;
      brokenBy = { from: exploring, step: { by, step, actor, parent, detail }, state: next.slice() };
      return;
    }
    if (!model.isWithinBounds(next)) {
      beyond++;
      return;
    }
    const before = count;
    const index = add(next, exploring);
    if (index < 0) return;
    if (arrivals !== undefined && by === PROTOCOL) arrivals[index] = (arrivals[index] as number) + 1;
    if (index < before) return;
    broken = model.check(next);
    if (model.isAtRest(next)) {
      atRest++;
      options.onRest?.(next);
    }
    if (broken !== undefined) {
      brokenBy = { from: exploring, step: { by, step, actor, parent, detail }, state: next.slice() };
    }
  };

  model.broken = undefined;
  model.initial(state);
  add(state, -1);
  let lastOfDepth = 0;
  for (exploring = 0; exploring < count && complete && broken === undefined; exploring++) {
    state.set(arena.subarray(exploring * words, (exploring + 1) * words));
    model.successors(state, emit, false);
    if (exploring === lastOfDepth) {
      depth++;
      lastOfDepth = count - 1;
    }
    if (exploring % PROGRESS_STATES === 0) options.onProgress?.(count, exploring);
  }

  let cycleAt = -1;
  if (arrivals !== undefined && complete && broken === undefined) cycleAt = findCycle();
  if (cycleAt >= 0)
    broken = { promise: 'L4', message: 'the protocol can go round from here for ever, with no writer and no fault' };

  const trace: { step: Step | undefined; state: Uint32Array }[] = [];
  if (broken !== undefined) {
    const path: number[] = [];
    for (let at = brokenBy?.from ?? cycleAt; at >= 0; at = cameFrom[at] as number) path.unshift(at);
    for (const index of path) {
      const reached = arena.slice(index * words, (index + 1) * words);
      const before = trace.at(-1)?.state;
      trace.push({ step: before && stepBetween(model, before, reached), state: reached });
    }
    if (brokenBy !== undefined) trace.push({ step: brokenBy.step, state: brokenBy.state });
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { states: count, transitions, atRest, beyond, depth, seconds, complete, broken, trace };

  /** Kahn's algorithm over the protocol's own steps: what can't be taken away lies on a cycle, or behind one. */
  function findCycle(): number {
    const left = arrivals as Uint16Array;
    const free = new Int32Array(count);
    let taken = 0;
    let found = 0;
    for (let index = 0; index < count; index++) if (left[index] === 0) free[found++] = index;
    const release: Emit = (by) => {
      if (by !== PROTOCOL || !model.isWithinBounds(next)) return;
      const index = (table[locate(next)] as number) - 1;
      left[index] = (left[index] as number) - 1;
      if (left[index] === 0) free[found++] = index;
    };
    while (taken < found) {
      const index = free[taken++] as number;
      state.set(arena.subarray(index * words, (index + 1) * words));
      model.successors(state, release, true);
      if (taken % PROGRESS_STATES === 0) options.onProgress?.(count, taken);
    }
    if (found === count) return -1;
    return left.findIndex((arrived) => arrived > 0);
  }
}

/** The step that leads from one state to the other; a trace keeps only states. */
function stepBetween(model: StateModel, before: Uint32Array, after: Uint32Array): Step {
  let found: Step | undefined;
  model.successors(
    before,
    (by, step, actor, parent, detail) => {
      if (found === undefined && model.next.every((word, i) => word === after[i])) {
        found = { by, step, actor, parent, detail };
      }
    },
    false,
  );
  if (found === undefined) throw new Error('no step leads from a state of the trace to the next one');
  return found;
}
