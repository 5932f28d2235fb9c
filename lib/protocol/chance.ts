/** Time and randomness come in from outside, so that a simulation can own them. */
import { ROUND_PAUSE_BASE_MILLIS, ROUND_PAUSE_MAX_MILLIS } from './limits.ts';

/** Time, pauses and randomness, as the package asks for them. */
export interface Chance {
  /** Milliseconds since 1970, UTC. */
  nowEpochMillis(): number;
  /** Resolves when the time has passed. */
  pause(millis: number): Promise<void>;
  /** In [0, 1). */
  fraction(): number;
  /** A value that never came before and never comes again: a UUID. */
  fresh(): string;
}

/** "Full jitter": a random part of a pause that doubles. */
export function roundPauseMillis(chance: Chance, round: number): number {
  return chance.fraction() * Math.min(ROUND_PAUSE_MAX_MILLIS, ROUND_PAUSE_BASE_MILLIS * 2 ** round);
}
