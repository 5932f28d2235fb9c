/** Repeatable randomness: everything that the demo does is drawn from its seed, but for the machine's pace. */

export interface Random {
  /** 0 ≤ x < 1. */
  fraction(): number;
  pick<T>(items: readonly T[]): T | undefined;
}

/** Streams that are drawn from side by side are independent of each other's pace. */
export function seededRandom(seed: number, stream: number): Random {
  // mulberry32, in the public domain
  let state = Math.imul(seed ^ Math.imul(stream + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction, pick: (items) => items[Math.floor(fraction() * items.length)] };
}
