/** A broken promise of a simulated schedule, told in words. */

import { PROMISES } from '../protocol/promises.ts';
import type { Promised, Violation } from '../protocol/violations.ts';
import { numbered, type Outcome } from './simulation/simulation.ts';

/** Above the numbers of any story, whose draws are fewer. */
const FIRST_AFTER_FAULTS = 201;

/** A promise was broken. Its message tells the shortest story that was found, and how to repeat it. */
export class BrokenPromiseError extends Error {
  /** The same in every copy of this package, where `instanceof` is not. */
  override readonly name = 'BrokenPromiseError';
  /** Repeats the story: give it as `seed`. */
  readonly seed: number;
  /** Which promises broke, and at which objects. */
  readonly violations: readonly Violation[];
  /** One line a step. */
  readonly story: readonly string[];

  constructor(seed: number, { violations, story: tell }: Outcome) {
    const story = renumbered(tell());
    super(
      [
        ...[...new Set(violations.map(({ promise }) => promise))].map(inWords),
        ...violations.map(({ message }) => `  ${message}`),
        '',
        numbered(story),
        '',
        `Repeat it with the same options and { seed: ${seed}, schedules: 1 }.`,
      ].join('\n'),
    );
    this.seed = seed;
    this.violations = violations;
    this.story = story;
  }
}

/** What comes after the faults has numbers from a million on, so that a shorter story means the same: a reader gets small ones. */
function renumbered(story: readonly string[]): string[] {
  const small = new Map<string, number>();
  return story.map((line) =>
    line.replaceAll(/\b[12]\d{6}\b/g, (number) => {
      const known = small.get(number) ?? FIRST_AFTER_FAULTS + small.size;
      small.set(number, known);
      return String(known);
    }),
  );
}

function inWords(promise: Promised): string {
  return `Broken promise ${promise}: ${PROMISES[promise]}`;
}
