/** Time and randomness that a test owns: pauses take no time and move the clock. */
import type { Chance } from '../../protocol/chance.ts';

export interface TestChance extends Chance {
  advance(millis: number): void;
  readonly pausesMillis: number[];
}

export const STARTS_AT_DEFAULT = '2026-01-01T00:00:00.000Z';

export function testChance(seed = 1, startsAt = STARTS_AT_DEFAULT): TestChance {
  let nowEpochMillis = Date.parse(startsAt);
  let state = seed >>> 0;
  let freshCount = 0;
  const pausesMillis: number[] = [];
  return {
    nowEpochMillis: () => nowEpochMillis,
    advance: (millis) => {
      nowEpochMillis += millis;
    },
    pause: async (millis) => {
      pausesMillis.push(millis);
      nowEpochMillis += millis;
    },
    // mulberry32: public domain, and the same on every machine.
    fraction: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    fresh: () => `fresh-${++freshCount}`,
    pausesMillis,
  };
}
