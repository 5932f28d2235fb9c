/** Lists of any length, as text for people: the first ones, and how many more there are. */

import { count } from './text.ts';

/** Lines of one list. */
export const LINES_MAX = 50;
/** Names within one line. */
const NAMED_MAX = 10;

/** On one line, in an order that matters. Where none does, `listed` says them. */
export function sequence(names: readonly string[], separator: string): string {
  const shown = names.slice(0, NAMED_MAX).join(separator);
  return names.length > NAMED_MAX ? `${shown} and ${(names.length - NAMED_MAX).toLocaleString('en-US')} more` : shown;
}

/** One line for each object; of very many, those that somebody should see, and a sum. @param texts theirs, in the same order */
export function shortOutcomes<T extends { readonly outcome: string }>(
  all: readonly T[],
  texts: readonly string[],
  isToSee: (one: T) => boolean,
): string[] {
  if (all.length <= LINES_MAX) return [...texts];
  const told = texts.filter((_, place) => isToSee(all[place] as T));
  const numbers = new Map<string, number>();
  for (const { outcome } of all) numbers.set(outcome, (numbers.get(outcome) ?? 0) + 1);
  const sums = [...numbers].map(([outcome, number]) => `${number} ${outcome}`);
  return [...lines(told, 'of these'), `${count(all.length, 'object')}: ${sums.join(', ')}`];
}

/** One line each. @param what they are, in the line that counts the others */
export function lines(all: readonly string[], what: string): string[] {
  const more = (all.length - LINES_MAX).toLocaleString('en-US');
  return all.length > LINES_MAX
    ? [...all.slice(0, LINES_MAX), `  … and ${more} more ${what}; --json has them all`]
    : [...all];
}
