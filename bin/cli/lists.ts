/** Lists of any length, as text for people: the first ones, and how many more there are. */

/** Lines of one list. */
export const LINES_MAX = 50;
/** Names within one line. */
const NAMED_MAX = 10;

/** On one line, in an order that matters. Where none does, `listed` says them. */
export function sequence(names: readonly string[], separator: string): string {
  const shown = names.slice(0, NAMED_MAX).join(separator);
  return names.length > NAMED_MAX ? `${shown} and ${(names.length - NAMED_MAX).toLocaleString('en-US')} more` : shown;
}

/** One line each. @param what they are, in the line that counts the others */
export function lines(all: readonly string[], what: string): string[] {
  const more = (all.length - LINES_MAX).toLocaleString('en-US');
  return all.length > LINES_MAX
    ? [...all.slice(0, LINES_MAX), `  … and ${more} more ${what}; --json has them all`]
    : [...all];
}
