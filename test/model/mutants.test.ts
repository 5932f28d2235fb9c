/** The model sees: each rule that is taken away breaks the promise that it is there for. */
import { describe, expect, it } from 'vitest';
import { amountOf, doneHere } from '../support/amount.ts';
import { explore } from './checker.ts';
import { configuration } from './configurations.ts';
import { DrainModel } from './model.ts';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { PROTOCOL_RULES, type Rules } from './rules.ts';
import { judge, judgeMutant } from './verdict.ts';

const TIMEOUT_MILLIS = 600_000;
const MUTANTS_MIN = 20;

describe('a protocol is caught', () => {
  it.each(doneHere('mutants', MUTANTS, ({ name }) => name))(
    'without $without: $breaks',
    { timeout: TIMEOUT_MILLIS },
    (mutant) => {
      const { result, story, steps } = judgeMutant(mutant, undefined, amountOf('states without a mutation'));
      expect(result, story.join('\n')).toBe(mutant.breaks);
      expect(story.length, 'a story tells its start, each step, its end and what is broken').toBe(steps + 3);
    },
  );
});

it('a mutant whose world breaks the promise by itself proves nothing', () => {
  const ring = MUTANTS.find(({ name }) => name === 'a ring of items');
  const { worldWithout: _, ...itself } = ring as Mutant;
  const { passed, result } = judgeMutant(itself);
  expect(passed).toBe(false);
  expect(result).toBe('L1, but its world does not hold without it either');
});

it('the mutants are many, and each has its own name', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(MUTANTS_MIN);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

it('every rule of the protocol has a mutant', () => {
  const turned = new Set(MUTANTS.flatMap(({ rules }) => Object.keys(rules)));
  const needless: (keyof Rules)[] = [
    'afterRecount',
    'stampComparesTime',
    'takeCompares',
    'resetCompares',
    'resetSettles',
  ];
  const rules = Object.keys(PROTOCOL_RULES) as (keyof Rules)[];
  expect(rules.filter((rule) => !turned.has(rule) && !needless.includes(rule))).toEqual([]);
});

it('an exploration that is not complete fails', () => {
  const { passed, result } = judge(configuration('small', '', {}), 1000);
  expect(passed).toBe(false);
  expect(result).toMatch(/incomplete/);
});

it('L4 a protocol that can go round for ever is caught', () => {
  // One state that leads to itself, by the protocol's own step.
  const next = new Uint32Array(1);
  const spinning = {
    words: 1,
    next,
    broken: undefined,
    initial: (into: Uint32Array) => into.fill(1),
    successors: (
      _: Uint32Array,
      emit: (by: number, step: number, actor: number, parent: number, detail: number) => void,
    ) => {
      next.fill(1);
      emit(0, 0, 0, 0, 0);
    },
    isWithinBounds: () => true,
    check: () => undefined,
    isAtRest: () => false,
  };
  expect(explore(spinning, { statesMax: 10, acyclic: true }).broken?.promise).toBe('L4');
  expect(new DrainModel(configuration('small', '', {})).words).toBeGreaterThan(0);
});
