/** What the stories on the real engine are made of. The only place of this folder that reads the environment. */

/**
 * Waves, and schedules told at a time on the one cloud of a wave, each with ids of its own. An engine on disk needs ten times
 * as long for a write: fewer schedules, and two waves of them.
 */
const WAVES = 11;
const SCHEDULES_IN_MEMORY = 32;
const SCHEDULES_ON_DISK = 12;
const ENGINE_RESTARTS = 2;
/** Chosen once; any other must do as well. */
const SEED_DEFAULT = 2_026;

/** An opening takes six, a closing eight. */
export const ACTIONS_MIN = 10;
export const ACTIONS_MAX = 30;

/** Polls, windows and back-off pass this much faster than on AWS. */
export const CLOCK_RATE = 25;
/** Timeout of the functions that read streams while a storm lasts: long for an invocation, short for a process that freezes. */
export const FUNCTION_TIMEOUT_MILLIS = 4_000;

export interface WaveDials {
  readonly number: number;
  readonly seed: number;
  /** The environment that tells this wave, and no other, once more. */
  readonly again: string;
  readonly schedules: number;
  /** Whether there are raw writes too. */
  readonly raw: boolean;
  /** Whether records are lost for good, so that a sweep is owed at the end. */
  readonly drops: boolean;
  /** How often an engine on disk is killed and started again; 0: an engine in memory that stays. */
  readonly engineRestarts: number;
}

/**
 * `TORTURE_SEED` tells other stories; `TORTURE_WAVE=3` tells only wave 3 of them. The same seed gives the same actions and
 * the same faults for the nth request; which request is the nth is the machine's choice.
 */
export function readWaves(environment: Readonly<Record<string, string | undefined>>): readonly WaveDials[] {
  const seed = Number(environment.TORTURE_SEED ?? SEED_DEFAULT);
  const only = environment.TORTURE_WAVE;
  const waves = Array.from({ length: WAVES }, (_, index): WaveDials => {
    const number = index + 1;
    const onDisk = number % 4 === 3 && number < WAVES;
    return {
      number,
      seed: seed * 1_000 + number,
      again: `TORTURE_SEED=${seed} TORTURE_WAVE=${number}`,
      schedules: onDisk ? SCHEDULES_ON_DISK : SCHEDULES_IN_MEMORY,
      raw: number % 3 === 2,
      drops: number % 2 === 0,
      engineRestarts: onDisk ? ENGINE_RESTARTS : 0,
    };
  });
  return only === undefined ? waves : waves.filter(({ number }) => number === Number(only));
}

export const waves = readWaves(process.env);
