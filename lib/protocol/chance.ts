/** Time and randomness come in from outside, so that a simulation can own them. */
export interface Chance {
  nowEpochMillis(): number;
  pause(millis: number): Promise<void>;
  /** In [0, 1). */
  fraction(): number;
  /** A value that never came before and never comes again: a UUID. */
  fresh(): string;
}
