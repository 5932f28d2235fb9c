/** How near two words are, for guesses at what was meant. */

/** Longer texts are not compared: nobody types them. */
const COMPARED_CHARACTERS_MAX = 80;

/** Whether one is a slip away from the other: a letter more, less, other or swapped; two in words of six letters or more. */
export function isNear(typed: string, meant: string): boolean {
  if (typed.length > COMPARED_CHARACTERS_MAX || meant.length > COMPARED_CHARACTERS_MAX) return false;
  const most = typed.length < 3 ? 0 : typed.length < 6 ? 1 : 2;
  return Math.abs(typed.length - meant.length) <= most && slips(typed, meant) <= most;
}

/** The fewest insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
export function slips(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, n) => n);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const ways = [
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (isSame ? 0 : 1),
        ...(isSwapped ? [(beforeLast[column - 2] as number) + 1] : []),
      ];
      current.push(Math.min(...ways));
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] as number;
}
