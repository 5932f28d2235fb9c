/** What the model explores once stands for all that it leaves out: checked state by state, on worlds that are small enough. */
import { describe, expect, it } from 'vitest';
import { explore, type StateModel } from './checker.ts';
import { configuration } from './configurations.ts';
import { DrainModel } from './model.ts';
import { PROTOCOL_RULES } from './rules.ts';

const TIMEOUT_MILLIS = 600_000;
const STATES_MAX = 1_000_000;

const WORLDS = [
  configuration('one task', 'crashes and lost answers', {
    crashes: true,
    lostAnswers: true,
    undeletes: false,
    reuse: false,
    undeliveredMax: 1,
  }),
  configuration('two tasks', 'batches of two', { tasks: 2, batchMax: 2, undeletes: false, reuse: false }),
  configuration('undeletes', 'any number of marks', { reuse: false, undeliveredMax: 1, remainingMin: -1 }),
  configuration('own network', 'a service without tasks', {
    networks: 1,
    tasks: 0,
    undeletes: false,
    reuse: false,
    undeliveredMax: 1,
  }),
];

/** Explores the states as they are, and says where one goes on otherwise than the state that stands for it. */
function unreduced(world: (typeof WORLDS)[number]): StateModel & { readonly seen: { merged: number } } {
  const all = new DrainModel(world, PROTOCOL_RULES, false);
  const each = new DrainModel(world, PROTOCOL_RULES, false);
  const reduced = new DrainModel(world);
  const seen = { merged: 0 };
  const check = (state: Uint32Array) => {
    const standsFor = reduced.canonical(state);
    const own = standsFor.join();
    if (own !== state.join()) seen.merged++;
    const known = new Set<string>([own]);
    reduced.successors(standsFor, () => known.add(`${reduced.next.join()} ${reduced.broken?.promise}`), false);
    let differs: string | undefined;
    if (reduced.check(standsFor)?.promise !== all.check(state)?.promise) differs = 'what it breaks';
    if (reduced.isAtRest(standsFor) !== all.isAtRest(state)) differs = 'whether it is at rest';
    each.successors(
      state,
      (_by, step) => {
        const reached = reduced.canonical(each.next).join();
        const stays = reached === own && each.broken === undefined;
        if (!stays && !known.has(`${reached} ${each.broken?.promise}`)) differs = `step ${step}`;
      },
      false,
    );
    return differs === undefined ? undefined : ({ promise: 'S1', message: `${differs}: ${own}` } as const);
  };
  return {
    words: all.words,
    next: all.next,
    broken: undefined,
    initial: (into) => all.initial(into),
    successors: (state, emit, protocolOnly) => all.successors(state, emit, protocolOnly),
    isWithinBounds: (state) => all.isWithinBounds(state),
    check,
    isAtRest: (state) => all.isAtRest(state),
    seen,
  };
}

describe('no way that the protocol can go is left out', () => {
  it.each(WORLDS)('$name: $about', { timeout: TIMEOUT_MILLIS }, (world) => {
    const model = unreduced(world);
    const { complete, broken, states } = explore(model, { statesMax: STATES_MAX, acyclic: true });
    expect(broken).toBeUndefined();
    expect(complete).toBe(true);
    expect(model.seen.merged, 'a reduction that reduces nothing').toBeGreaterThan(states / 10);
  });
});
