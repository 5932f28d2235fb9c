/** How rough a simulated world is. Each dial is a probability, or a number of things; a profile is a named set of them. */
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';

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
  /** Services at most; and records that one batch may hold, so that several of them are settled together. */
  readonly servicesMax: number;
  readonly batchRecordsMax: number;
  /** Whether records mostly wait for others, as in a mapping's window. */
  readonly gathers: boolean;
  /** Whether there are raw writes too. */
  readonly raw: boolean;
  /** What the deployment has chosen. */
  readonly rules: Rules;
  /** Whether people protect what they have, and take that back. */
  readonly protects: boolean;
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

const CALM: Dials = {
  stepsMin: 20,
  stepsMax: 140,
  writersMax: 3,
  functionsMax: 5,
  lanesMax: 2,
  crowded: false,
  servicesMax: 3,
  batchRecordsMax: 3,
  gathers: false,
  raw: false,
  rules: DEFAULT_RULES,
  protects: false,
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
  duplicates: 0,
  reorders: 0,
  delays: 0,
  drops: 0,
  expirations: 0,
  clockJumps: 0,
  skewMillisMax: 0,
};

const CRASHES: Partial<Dials> = { crashes: 0.015, timeouts: 0.002, duplicates: 0.04, reorders: 0.03, delays: 0.01 };
const NETWORK: Partial<Dials> = {
  throttled: 0.03,
  conflicts: 0.05,
  serverErrors: 0.02,
  late: 0.03,
  lostAnswers: 0.06,
  unprocessed: 0.1,
  stale: 0.5,
};
const SWEEPS: Partial<Dials> = { sweeps: 0.03, pageItemsMax: 4, stale: 0.3 };
const LOSSES: Partial<Dials> = { drops: 0.02, expirations: 0.002 };

/** Short stories end in more states: a long one gives every lost wake-up a later record that hides it. */
const CROWDED: Dials = {
  ...CALM,
  crowded: true,
  servicesMax: 2,
  stepsMin: 15,
  stepsMax: 80,
  functionsMax: 4,
  lanesMax: 1,
};

/** Several parents in each batch, and a good part of what is asked for them together comes back in part. */
const TOGETHER: Dials = {
  ...CROWDED,
  stepsMax: 160,
  servicesMax: 4,
  batchRecordsMax: 12,
  gathers: true,
  unprocessed: 0.6,
};

const MINUTE_MILLIS = 60_000;

const CHOSEN: Rules = { ...DEFAULT_RULES, taskIsGone: 'terminal', stopTasks: true };
/** Some hundred steps. */
const PATIENT: Rules = { ...DEFAULT_RULES, gracePeriodMillis: 300, stopTasks: true };

const TASK_NETWORKS: Rules = { ...DEFAULT_RULES, taskNetworks: true };
const TASK_NETWORKS_ENDING: Rules = { ...TASK_NETWORKS, taskIsGone: 'terminal' };

export const PROFILES = {
  /** Nothing goes wrong but the order of things. */
  calm: CALM,
  /** Processes die, records come twice and out of order. */
  crashes: { ...CALM, ...CRASHES, sweeps: 0.03 },
  /** DynamoDB doesn't answer, or too late, or refuses for now. */
  'hostile network': { ...CALM, ...NETWORK },
  /** Grants are taken away and given back: requests fail at once and for good. */
  denied: { ...CALM, denied: 0.05, duplicates: 0.02 },
  /** Records are lost; one sweep must do. */
  lossy: { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS },
  /** Other people's programs write without time and without attachments. */
  raw: { ...CALM, ...CRASHES, ...SWEEPS, raw: true },
  /** All of it at once. */
  everything: {
    ...CALM,
    ...CRASHES,
    ...NETWORK,
    ...SWEEPS,
    ...LOSSES,
    raw: true,
    denied: 0.005,
    clockJumps: 0.005,
    skewMillisMax: 10 * MINUTE_MILLIS,
  },
  crowded: CROWDED,
  'crowded with crashes': { ...CROWDED, ...CRASHES, timeouts: 0, delays: 0 },
  'crowded with losses': { ...CROWDED, ...CRASHES, timeouts: 0, delays: 0, drops: 0.03, sweeps: 0.02 },
  'crowded on a hostile network': { ...CROWDED, ...NETWORK, denied: 0.02 },
  /** Everything that a deployment may choose: ended tasks count as gone, marks stop tasks, things are protected. */
  options: { ...CALM, ...CRASHES, rules: CHOSEN, protects: true, lostAnswers: 0.03 },
  'crowded with options': {
    ...CROWDED,
    duplicates: 0.04,
    crashes: 0.01,
    pageItemsMax: 3,
    rules: CHOSEN,
    protects: true,
  },
  /** What is marked has to wait, and then goes with a sweep. */
  'grace period': { ...CALM, ...CRASHES, ...SWEEPS, ...LOSSES, rules: PATIENT, protects: true, clockJumps: 0.02 },
  /** Tasks hold networks by themselves. */
  'task networks': { ...CALM, ...CRASHES, ...NETWORK, rules: TASK_NETWORKS },
  'task networks, lossy': { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS, rules: TASK_NETWORKS, raw: true },
  'crowded with task networks': { ...CROWDED, duplicates: 0.04, crashes: 0.01, rules: TASK_NETWORKS_ENDING },
  /** What is asked for several parents at once fails for some of them. */
  together: { ...TOGETHER, duplicates: 0.03 },
  'together on a hostile network': {
    ...TOGETHER,
    ...NETWORK,
    ...SWEEPS,
    unprocessed: 0.6,
    conflicts: 0.15,
    duplicates: 0.03,
    crashes: 0.01,
    denied: 0.01,
  },
  'together with task networks': { ...TOGETHER, ...NETWORK, unprocessed: 0.6, rules: TASK_NETWORKS },
  'crowded with raw writes': { ...CROWDED, duplicates: 0.04, raw: true },
} as const satisfies Record<string, Dials>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
