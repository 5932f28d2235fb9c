/** How rough a simulated world is. Each dial is a probability, or a number of things; a profile is a named set of them. */
import type { SwarmkitOptions } from '../../lifecycle/swarmkit.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';

export interface Dials {
  /** Steps before faults stop: at least, and at most. */
  readonly stepsMin: number;
  readonly stepsMax: number;
  readonly writersMax: number;
  readonly functionsMax: number;
  /** Lanes of each stream: the mapping's parallelization factor, at most. */
  readonly lanesMax: number;
  /**
   * People's actions are done at once, and streams hand records out in any order, several batches of one stream at a time:
   * what is left to chance is all between functions.
   */
  readonly crowded: boolean;
  /** Records that one batch may hold; and whether records mostly wait for others, as in a mapping's window. */
  readonly batchRecordsMax: number;
  readonly gathers: boolean;
  /** Whether there are raw writes too, so that sweeps must look at everything. */
  readonly raw: boolean;
  /** What the deployment has chosen. */
  readonly rules: Rules;
  /** What it has chosen of SwarmKit's kinds, where they are these. @default nothing */
  readonly choices?: SwarmkitOptions;
  /** Whether what has been there long ago is older than the declaration of what it holds, so that a sweep must learn it first. @default false */
  readonly learns?: boolean;
  /** That a sweep is started, where something new starts. */
  readonly sweeps: number;
  /** Items after which a page of DynamoDB ends: 0 is never; else 2 to this. */
  readonly pageItemsMax: number;
  /** For each read that is not consistent: that it sees the past. */
  readonly stale: number;

  /** For each request, before it is carried out. */
  readonly throttled: number;
  readonly conflicts: number;
  readonly serverErrors: number;
  /** Refused for good: trying again at once can't help. */
  readonly denied: number;
  /** The client gives up waiting, and the request arrives later, or never. */
  readonly late: number;
  /** Carried out, and the answer never arrives. */
  readonly lostAnswers: number;
  /** For each batch, statement and read of several partitions: that a part is left out, fails alone, or is cut off. */
  readonly unprocessed: number;
  /** For each step of a process: that it dies there. */
  readonly crashes: number;
  readonly timeouts: number;

  /** For each step of a process: that it stands still for a while instead, as one that the machine has no time for. */
  readonly stalls: number;

  /** For each step of the world. */
  readonly duplicates: number;
  readonly reorders: number;
  readonly delays: number;
  readonly drops: number;
  readonly expirations: number;
  readonly clockJumps: number;
  /** How far a process's clock may be off, in either direction. */
  readonly skewMillisMax: number;
}

export const CALM: Dials = {
  stepsMin: 20,
  stepsMax: 140,
  writersMax: 3,
  functionsMax: 5,
  lanesMax: 2,
  crowded: false,
  batchRecordsMax: 3,
  gathers: false,
  raw: false,
  rules: DEFAULT_RULES,
  sweeps: 0,
  pageItemsMax: 0,
  stale: 0,
  throttled: 0,
  conflicts: 0,
  serverErrors: 0,
  denied: 0,
  late: 0,
  lostAnswers: 0,
  unprocessed: 0,
  crashes: 0,
  timeouts: 0,
  stalls: 0,
  duplicates: 0,
  reorders: 0,
  delays: 0,
  drops: 0,
  expirations: 0,
  clockJumps: 0,
  skewMillisMax: 0,
};

export const CRASHES: Partial<Dials> = {
  crashes: 0.015,
  timeouts: 0.002,
  duplicates: 0.04,
  reorders: 0.03,
  delays: 0.01,
};
export const NETWORK: Partial<Dials> = {
  throttled: 0.03,
  conflicts: 0.05,
  serverErrors: 0.02,
  late: 0.03,
  lostAnswers: 0.06,
  unprocessed: 0.1,
  stale: 0.5,
};
export const SWEEPS: Partial<Dials> = { sweeps: 0.03, pageItemsMax: 4, stale: 0.3 };
export const LOSSES: Partial<Dials> = { drops: 0.02, expirations: 0.002 };

/** Short stories end in more states: a long one gives every lost wake-up a later record that hides it. */
export const CROWDED: Dials = { ...CALM, crowded: true, stepsMin: 15, stepsMax: 80, functionsMax: 4, lanesMax: 1 };
