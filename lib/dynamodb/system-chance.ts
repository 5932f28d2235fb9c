import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../protocol/chance.ts';

/** The machine's own clock and randomness. */
export const systemChance: Chance = {
  nowEpochMillis: () => Date.now(),
  pause: async (millis) => pause(millis),
  fraction: () => Math.random(),
  fresh: () => randomUUID(),
};
