/** What the model says of a configuration, and of a mutant. */
import { checkRest } from '../../lib/protocol/invariants.ts';
import { type Explored, explore } from './checker.ts';
import { type Configuration, DrainModel } from './model.ts';
import type { Mutant } from './mutant.ts';
import { tablesOf } from './promises.ts';
import { PROTOCOL_RULES } from './rules.ts';
import { storyOf } from './trace.ts';

/**
 * States that one exploration may hold: of 48 bytes each, under a gigabyte with its table. More fails the run as
 * incomplete; what was not explored is not proved.
 */
export const STATES_MAX = 12_000_000;
/** On demand; 8 GB. */
export const LARGE_STATES_MAX = 100_000_000;
/** Mutants break soon, or the model has lost its sight. */
export const MUTANT_STATES_MAX = 3_000_000;

export interface Verdict {
  readonly name: string;
  readonly about: string;
  readonly passed: boolean;
  /** `holds`, or why not. */
  readonly result: string;
  readonly states: number;
  readonly transitions: number;
  /** States at rest; each was shown to the product's own `checkRest` as well. */
  readonly atRest: number;
  readonly seconds: number;
  /** Steps of the counterexample. */
  readonly steps: number;
  readonly story: readonly string[];
}

type Progress = (states: number) => void;

export function judge(world: Configuration, statesMax: number, onProgress?: Progress): Verdict {
  const model = new DrainModel(world);
  const disagreed: string[] = [];
  const explored = explore(model, {
    statesMax,
    acyclic: true,
    ...(onProgress && { onProgress }),
    onRest: (state) => {
      // Raw writers are free to leave a reference to nothing, and a dying sweep a counter: the product's check rightly tells. Nor
      // does it know which references are declared already, nor services under services. What a lost heal
      // leaves at an unmarked network is the audit's.
      if (
        world.rawServices ||
        world.deployments.length > 0 ||
        world.under.length > 0 ||
        (world.leafDeletes && world.drops) ||
        ((world.sweeps || world.overwrites) && world.crashes)
      )
        return;
      const [violation] = checkRest(tablesOf(model.worldOf(state)));
      if (violation !== undefined) disagreed.push(`${violation.promise}: ${violation.message}`);
    },
  });
  const { complete, broken } = explored;
  const passed = complete && broken === undefined && disagreed.length === 0;
  const reason = broken?.message ?? disagreed[0] ?? `incomplete: more than ${statesMax} states`;
  return verdict(world.name, world.about, passed, passed ? 'holds' : reason, explored, model);
}

/** `statesMax`: how much is looked at of the mutant's world without the mutation. */
export function judgeMutant(mutant: Mutant, onProgress?: Progress, statesMax = MUTANT_STATES_MAX): Verdict {
  const { name, without, rules, world, breaks } = mutant;
  const model = new DrainModel(world, { ...PROTOCOL_RULES, ...rules });
  const explored = explore(model, { statesMax: MUTANT_STATES_MAX, acyclic: false, ...(onProgress && { onProgress }) });
  const { broken, complete } = explored;
  const survived = complete ? 'survived' : `not caught in ${MUTANT_STATES_MAX} states`;
  const isCaught = broken?.promise === breaks;
  const isItsOwn = !isCaught || holdsWithout(mutant, explored.trace.length - 1, statesMax);
  const result = isItsOwn ? (broken?.promise ?? survived) : `${breaks}, but its world does not hold without it either`;
  return verdict(name, `without ${without}`, isCaught && isItsOwn, result, explored, model);
}

/** The worlds that mutants are judged in, as the protocol itself leaves them: many mutants share one. */
const unmutated = new Map<string, Explored>();

/**
 * Whether a mutant's world keeps every promise without the mutation: to its end, or at least as many steps as the mutant's own
 * counterexample has. Else the mutant would prove nothing. Of fewer states than all it is only known that they do.
 */
function holdsWithout({ world, worldWithout = world }: Mutant, steps: number, statesMax: number): boolean {
  const key = JSON.stringify({ ...worldWithout, name: '', about: '' });
  const explored = unmutated.get(key) ?? explore(new DrainModel(worldWithout), { statesMax, acyclic: false });
  unmutated.set(key, explored);
  const isFar = explored.complete || explored.depth >= steps || statesMax < MUTANT_STATES_MAX;
  return explored.broken === undefined && isFar;
}

function verdict(
  name: string,
  about: string,
  passed: boolean,
  result: string,
  explored: Explored,
  model: DrainModel,
): Verdict {
  const { states, transitions, atRest, seconds, trace, broken } = explored;
  const story = broken === undefined ? [] : storyOf(model, explored);
  return {
    name,
    about,
    passed,
    result,
    states,
    transitions,
    atRest,
    seconds,
    steps: Math.max(0, trace.length - 1),
    story,
  };
}
