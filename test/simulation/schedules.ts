/** Many schedules one after another, seed by seed: what they exercised, and the first that broke a promise, shrunk. */
import type { Violation } from '../../lib/protocol/violations.ts';
import { Exercised } from '../../lib/testing/simulation/exercised.ts';
import { shrink } from '../../lib/testing/simulation/shrink.ts';
import { numbered, simulate } from '../../lib/testing/simulation/simulation.ts';
import { PROFILES, type ProfileName } from './dials.ts';
import type { Mistake } from './mistakes.ts';
import { story } from './story.ts';

export interface Job {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly runs: number;
  /** Seeds between two schedules, so that several workers share one row of them. */
  readonly stride: number;
  readonly mistake?: Mistake | undefined;
  /** Whether a failure is made as short as it can be, for a reader: it takes hundreds of replays. @default true */
  readonly shrinks?: boolean;
}

export interface Failure {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Schedules until it was found. */
  readonly runs: number;
  readonly steps: number;
  readonly shrunkSteps: number;
  readonly story: string;
}

export interface Report {
  readonly counts: readonly (readonly [string, number])[];
  readonly failure: Failure | undefined;
}

export async function runSchedules(job: Job, onProgress: (done: number) => void = () => {}): Promise<Report> {
  const exercised = new Exercised();
  const dials = PROFILES[job.profile];
  // Thousands of errors are thrown here, and no one reads their stacks.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    for (let run = 0; run < job.runs; run++) {
      const schedule = story(job.seed + run * job.stride, dials, job.mistake);
      const found = await simulate(schedule);
      exercised.add(found.exercised.counts);
      if (found.violations.length > 0) {
        const { outcome, choices } =
          job.shrinks === false ? { outcome: found, choices: found.choices } : await shrink(schedule, found);
        const { profile } = job;
        const failure: Failure = {
          profile,
          seed: schedule.seed,
          violations: outcome.violations,
          runs: run + 1,
          steps: found.choices.length,
          shrunkSteps: choices.length,
          story: numbered(outcome.story()),
        };
        return { counts: [...exercised.counts], failure };
      }
      onProgress(run + 1);
    }
    return { counts: [...exercised.counts], failure: undefined };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export function tellFailure(
  { profile, seed, violations, steps, shrunkSteps, story }: Failure,
  mutant?: string,
): string {
  const broken = violations.map(({ promise, message }) => `${promise}: ${message}`).join('\n');
  const replay = `npm run simulate -- --runs 1 --seed ${seed} --profile '${profile}'${mutant ? ` --mutant '${mutant}'` : ''}`;
  const dials = JSON.stringify(PROFILES[profile]);
  return `${broken}\n${story}\n(${shrunkSteps} of ${steps} steps)\nseed ${seed}, profile ${profile}: ${dials}\nreplay: ${replay}`;
}
