/** The profiles of our own schedules: named sets of dials. */

import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import {
  CALM,
  CRASHES,
  CROWDED,
  LOSSES,
  NETWORK,
  type Dials as Roughness,
  SWEEPS,
} from '../../lib/testing/simulation/dials.ts';

import type { LifecycleName } from './kinds/lifecycles.ts';

export interface Dials extends Roughness {
  /** Whether people protect what they have, and take that back. @default false */
  readonly protects?: boolean;
  /** Kinds of one's own. @default - SwarmKit's, by the choices */
  readonly lifecycle?: LifecycleName;
  /** Whether items of a kind that depends on itself may form rings: then they wait for ever. @default false */
  readonly rings?: boolean;
  /** Services at most. @default 2 in a crowd, else 3 */
  readonly servicesMax?: number;
}

const MINUTE_MILLIS = 60_000;

const CHOSEN: SwarmkitOptions = { taskIsGone: 'terminal', stopTasks: true };
/** Some hundred steps. */
const PATIENT = { rules: { ...DEFAULT_RULES, gracePeriodMillis: 300 }, choices: { stopTasks: true } } as const;

const TASK_NETWORKS: SwarmkitOptions = { taskNetworks: true };
const TASK_NETWORKS_ENDING: SwarmkitOptions = { ...TASK_NETWORKS, taskIsGone: 'terminal' };

/** Several parents in each batch, and a good part of what is asked for them together comes back in part. */
const TOGETHER: Dials = {
  ...CROWDED,
  stepsMax: 160,
  servicesMax: 4,
  batchRecordsMax: 12,
  gathers: true,
  unprocessed: 0.6,
};

/** As a crowd of SwarmKit's with crashes. */
const OWN_KINDS: Dials = { ...CROWDED, ...CRASHES, timeouts: 0, delays: 0, lostAnswers: 0.02, protects: true };

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
  /** Few ask together in a crowd of small batches: most of what they ask so comes back in part. */
  'crowded on a hostile network': { ...CROWDED, ...NETWORK, unprocessed: 0.7, denied: 0.02 },
  /** Everything that a deployment may choose: ended tasks count as gone, marks stop tasks, things are protected. */
  options: { ...CALM, ...CRASHES, choices: CHOSEN, protects: true, lostAnswers: 0.03 },
  'crowded with options': {
    ...CROWDED,
    duplicates: 0.04,
    crashes: 0.01,
    pageItemsMax: 3,
    choices: CHOSEN,
    protects: true,
  },
  /** What is marked has to wait, and then goes with a sweep. */
  'grace period': { ...CALM, ...CRASHES, ...SWEEPS, ...LOSSES, ...PATIENT, protects: true, clockJumps: 0.02 },
  /** What is there is older than its declaration: nothing that is shared goes before a sweep has learned it, whatever goes wrong. */
  learning: { ...CALM, ...CRASHES, ...NETWORK, ...SWEEPS, learns: true },
  'learning task networks, lossy': { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS, choices: TASK_NETWORKS, learns: true },
  /** Tasks hold networks by themselves. */
  'task networks': { ...CALM, ...CRASHES, ...NETWORK, choices: TASK_NETWORKS },
  'task networks, lossy': { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS, choices: TASK_NETWORKS, raw: true },
  'crowded with task networks': { ...CROWDED, duplicates: 0.04, crashes: 0.01, choices: TASK_NETWORKS_ENDING },
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
  'together with task networks': { ...TOGETHER, ...NETWORK, unprocessed: 0.6, choices: TASK_NETWORKS },
  'crowded with raw writes': { ...CROWDED, duplicates: 0.04, raw: true },
  /** Kinds of one's own: levels over each other, several shared kinds, ends before deletions, keys with constants. */
  ideas: { ...OWN_KINDS, lifecycle: 'ideas' },
  'ideas, lossy': { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS, lifecycle: 'ideas', raw: true },
  sandbox: { ...OWN_KINDS, lifecycle: 'sandbox' },
  chatbot: { ...OWN_KINDS, lifecycle: 'chatbot' },
  'swarmkit all': { ...OWN_KINDS, lifecycle: 'swarmkit all' },
  tree: { ...OWN_KINDS, lifecycle: 'tree' },
  sites: { ...OWN_KINDS, lifecycle: 'sites' },
  /** Lifecycles by dice. */
  'random kinds': { ...OWN_KINDS, lifecycle: 'random' },
  'random kinds on a hostile network': { ...CALM, ...CRASHES, ...NETWORK, lifecycle: 'random' },
  'random kinds, lossy': { ...CALM, ...CRASHES, ...LOSSES, ...SWEEPS, lifecycle: 'random', raw: true },
} as const satisfies Record<string, Dials>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
