/**
 * Plausible mistakes in the product, each with the promises one of which it must break. A mistake that no schedule finds is
 * a hole in the simulation. mistakes.ts tells where they are put in, and why there.
 */
import type { Mutant } from './mistakes.ts';
import { CONDITION_MUTANTS } from './mutants/conditions.ts';
import { KINDS_MUTANTS } from './mutants/kinds.ts';
import { LEARNING_MUTANTS } from './mutants/learning.ts';
import { READ_MUTANTS } from './mutants/reads.ts';
import { STEP_MUTANTS } from './mutants/steps.ts';
import { STREAM_MUTANTS } from './mutants/streams.ts';
import { TRANSACTION_MUTANTS } from './mutants/transactions.ts';

export const MUTANTS: readonly Mutant[] = [
  ...STEP_MUTANTS,
  ...READ_MUTANTS,
  ...CONDITION_MUTANTS,
  ...TRANSACTION_MUTANTS,
  ...STREAM_MUTANTS,
  ...KINDS_MUTANTS,
  ...LEARNING_MUTANTS,
];

/** @throws where no mutant has that name */
export function findMutant(name: string | undefined): Mutant | undefined {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (name !== undefined && found === undefined) throw new Error(`there is no mutant "${name}"`);
  return found;
}
